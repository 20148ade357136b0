// Proves that the strict check sees faults: each seeded one has to be told, at its place.
import { files } from "./boards";
import { strictFaults, type Subject } from "./strict";

type Any = Record<string, any>;

const SEEDS: { what: string; at: string; seed: (dashboard: Any) => void }[] = [
  { what: "an unknown key of the dashboard", at: ".grahpTooltip", seed: (d) => (d.grahpTooltip = 1) },
  { what: "a number that is no tooltip", at: ".graphTooltip", seed: (d) => (d.graphTooltip = 7) },
  { what: "an unknown key of a variable", at: ".templating.list[1].includeal", seed: (d) => (d.templating.list[1].includeal = true) },
  { what: "a time at which no variable reloads", at: ".templating.list[1].refresh", seed: (d) => (d.templating.list[1].refresh = 9) },
  { what: "an unknown key of an annotation", at: ".annotations.list[0].titelFormat", seed: (d) => (d.annotations.list[0].titelFormat = "") },
  { what: "a kind of link that does not exist", at: ".links[0].type", seed: (d) => (d.links[0].type = "dashbords") },
  { what: "an unknown key of a panel", at: ".panels[0].descripton", seed: (d) => (d.panels[0].descripton = "") },
  { what: "a width that is no number", at: ".panels[0].gridPos.w", seed: (d) => (d.panels[0].gridPos.w = "10") },
  { what: "an unknown option of a panel", at: ".panels[0].options.textmode", seed: (d) => (d.panels[0].options.textmode = "name") },
  { what: "a bad value of an option", at: ".panels[0].options.colorMode", seed: (d) => (d.panels[0].options.colorMode = "backgrund") },
  { what: "an unknown key of a field", at: ".panels[0].fieldConfig.defaults.novalue", seed: (d) => (d.panels[0].fieldConfig.defaults.novalue = "-") },
  { what: "a bad mode of colour", at: ".panels[0].fieldConfig.defaults.color.mode", seed: (d) => (d.panels[0].fieldConfig.defaults.color.mode = "treshold") },
  { what: "an unknown key of the kind's own fields", at: ".panels[5].fieldConfig.defaults.custom.fillOpacty", seed: (d) => (d.panels[5].fieldConfig.defaults.custom.fillOpacty = 1) },
  { what: "own fields of a kind that has none", at: ".panels[0].fieldConfig.defaults.custom.lineWidth", seed: (d) => (d.panels[0].fieldConfig.defaults.custom = { lineWidth: 1 }) },
  { what: "an unknown key of a query", at: ".panels[0].targets[0].legend", seed: (d) => (d.panels[0].targets[0].legend = "") },
  { what: "a format that no query has", at: ".panels[0].targets[0].format", seed: (d) => (d.panels[0].targets[0].format = "timeseries") },
  { what: "an option that is missing", at: ".panels[0].options", seed: (d) => delete d.panels[0].options.reduceOptions },
  {
    what: "an override of a field that does not exist",
    at: ".panels[5].fieldConfig.overrides[0].properties[0]",
    seed: (d) => (d.panels[5].fieldConfig.overrides[0].properties[0].id = "colour"),
  },
  {
    what: "a key of a panel inside a collapsed row",
    at: ".panels[8].panels[0].titel",
    seed: (d) => (d.panels[8].panels[0].titel = ""),
  },
  { what: "a kind of panel that does not exist", at: ".panels[0]", seed: (d) => (d.panels[0].type = "stats") },
];

const sound = files().get("bascule-now.json") ?? "";
const subjects: Subject[] = SEEDS.map(({ what, seed }) => {
  const dashboard = JSON.parse(sound);
  seed(dashboard);
  return { name: what, dashboard };
});
const told = strictFaults(subjects);
const unseen = SEEDS.filter(({ what, at }) => !told.some(({ subject, line }) => subject === what && line.startsWith(`${what}: ${at}`)));
const others = told.filter(({ subject }) => !SEEDS.some(({ what }) => what === subject));
for (const { what, at } of unseen) console.error(`${what}: not seen at ${at}`);
for (const { line } of others) console.error(line);
if (process.argv.includes("--tell")) for (const { line } of told) console.log(line);
if (unseen.length || others.length) process.exit(1);
console.log(`${SEEDS.length} of ${SEEDS.length} seeded faults are seen`);
