// Compares grafana/dashboards with what the code makes, and what the code makes with Grafana's types.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { files } from "./boards";
import { DASHBOARDS } from "./paths";
import { strictFaults, type Subject } from "./strict";

const REFRESH = "run `npm run build` in grafana/ and look at the difference";

function stale(made: Map<string, string>): string[] {
  const there = existsSync(DASHBOARDS) ? readdirSync(DASHBOARDS) : [];
  const unknown = there.filter((name) => !made.has(name)).map((name) => `dashboards/${name}: not made by the code; remove it`);
  const different = [...made]
    .filter(([name, text]) => !there.includes(name) || readFileSync(`${DASHBOARDS}/${name}`, "utf8") !== text)
    .map(([name]) => `dashboards/${name}: not what the code makes; ${REFRESH}`);
  return [...unknown, ...different];
}

function ambiguous(subjects: Subject[]): string[] {
  return subjects.flatMap(({ name, dashboard }) => {
    const top = dashboard.panels as { id: number; title: string; panels?: { id: number; title: string }[] }[];
    const all = top.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
    const twice = all.filter(({ id }, i) => all.findIndex((other) => other.id === id) !== i);
    return twice.map(({ id, title }) => `${name}: panel ${title}: the id ${id} is taken`);
  });
}

const made = files();
const subjects = [...made]
  .filter(([name]) => name.endsWith(".json"))
  .map(([name, text]) => ({ name, dashboard: JSON.parse(text) as Subject["dashboard"] }));
const faults = [...stale(made), ...ambiguous(subjects), ...strictFaults(subjects).map(({ line }) => line)];
for (const fault of faults) console.error(fault);
if (faults.length) process.exit(1);
console.log(`${subjects.length} dashboards are what the code makes, and what Grafana's types allow`);
