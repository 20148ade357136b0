// Grafana's own types as a strict schema. TypeScript refuses unknown keys and wrong values in a literal that is
// written where its type is known, so each part of a dashboard is written out as such a literal and compiled.
import * as ts from "typescript";
import { ROOT } from "./paths";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Node = { [key: string]: Json };

/** A dashboard as it is in its file, with the name that faults are told by. */
export interface Subject {
  name: string;
  dashboard: Node;
}

interface Part {
  subject: string;
  at: string;
  type: string;
  value: Json;
}

const PLUGINS: Record<string, { name: string; custom: boolean }> = {
  "bargauge": { name: "BarGauge", custom: false },
  "heatmap": { name: "Heatmap", custom: true },
  "stat": { name: "Stat", custom: false },
  "state-timeline": { name: "StateTimeline", custom: true },
  "status-history": { name: "StatusHistory", custom: true },
  "table": { name: "Table", custom: true },
  "timeseries": { name: "TimeSeries", custom: true },
};

const RAW = "@grafana/schema/dist/esm/raw";
const PRELUDE = [
  `import type * as board from "${RAW}/dashboard/x/Dashboard_types.gen";`,
  `import type { Dataquery } from "@grafana/grafana-foundation-sdk/prometheus";`,
  ...Object.values(PLUGINS).map(
    ({ name }) =>
      `import type * as ${name} from "${RAW}/composable/${name.toLowerCase()}/panelcfg/x/${name}PanelCfg_types.gen";`,
  ),
  // An enum of strings in a type is its strings in a file.
  "type Closed<T> = 0 extends 1 & T ? unknown : T extends string ? `${T}` : T extends number | boolean | null | undefined",
  "  ? T : T extends object ? { [K in keyof T]: Closed<T[K]> } : T;",
  "type None = Record<string, never>;",
  // The schema knows annotations of any source; these keys belong to Prometheus and are in no published type.
  "type Annotation = board.AnnotationQuery & { expr?: string; step?: string; titleFormat?: string; textFormat?: string;",
  "  tagKeys?: string; useValueForTime?: boolean };",
  "type Frame = Omit<board.Dashboard, 'panels' | 'annotations'> & { panels: []; annotations: { list: Annotation[] } };",
  "type Panel = Omit<board.Panel, 'options' | 'targets'>;",
  "type Row = Omit<board.RowPanel, 'panels'> & { panels: [] };",
  "type Query = Omit<Dataquery, '_implementsDataqueryVariant'>;",
  "type Field = Omit<board.FieldConfig, 'custom'>;",
].join("\n");

function panelParts(subject: string, panel: Node, at: string): Part[] {
  const part = (type: string, value: Json, where = ""): Part => ({ subject, at: at + where, type, value });
  if (panel.type === "row") {
    const inside = (panel.panels as Node[]).flatMap((one, i) => panelParts(subject, one, `${at}.panels[${i}]`));
    return [part("Row", { ...panel, panels: [] }), ...inside];
  }
  const plugin = PLUGINS[panel.type as string];
  if (!plugin) return [part("never", `the type of panel ${panel.type} is not known to this check`)];
  const { options, targets, ...frame } = panel;
  const fields = frame.fieldConfig as { defaults: Node; overrides: { properties: { id: string; value: Json }[] }[] };
  const { custom, ...defaults } = fields.defaults;
  const customType = plugin.custom ? `${plugin.name}.FieldConfig` : "None";
  const overridden = fields.overrides.flatMap((override, i) =>
    override.properties.map(({ id, value }, j) => {
      const where = `.fieldConfig.overrides[${i}].properties[${j}]`;
      const own = id.startsWith("custom.");
      return part(`Partial<${own ? customType : "Field"}>`, { [id.replace("custom.", "")]: value }, where);
    }),
  );
  return [
    part("Panel", { ...frame, fieldConfig: { ...fields, defaults } } as Json),
    part(`${plugin.name}.Options`, options, ".options"),
    part(`Partial<${customType}>`, custom ?? {}, ".fieldConfig.defaults.custom"),
    ...(targets as Node[]).map((target, i) => part("Query", target, `.targets[${i}]`)),
    ...overridden,
  ];
}

function parts({ name, dashboard }: Subject): Part[] {
  const panels = dashboard.panels as Node[];
  return [
    { subject: name, at: "", type: "Frame", value: { ...dashboard, panels: [] } },
    ...panels.flatMap((panel, i) => panelParts(name, panel, `.panels[${i}]`)),
  ];
}

/** Writes a literal with one value a line, and the path of each line. */
function write(value: Json, at: string, lines: string[], paths: string[]) {
  const line = (text: string) => {
    lines.push(text);
    paths.push(at);
  };
  if (value === null || typeof value !== "object") return line(JSON.stringify(value));
  const array = Array.isArray(value);
  line(array ? "[" : "{");
  for (const [key, inner] of Object.entries(value)) {
    const inside = array ? `${at}[${key}]` : `${at}.${key}`;
    const start = lines.length;
    write(inner, inside, lines, paths);
    if (!array) lines[start] = `${JSON.stringify(key)}: ${lines[start]}`;
    lines[lines.length - 1] += ",";
  }
  line(array ? "]" : "}");
}

const OPTIONS: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  types: [],
};

/** The innermost sentence of a diagnostic says what is wrong; those around it repeat the types. */
function innermost(message: string | ts.DiagnosticMessageChain): string {
  if (typeof message !== "string") return innermost(message.next?.[0] ?? message.messageText);
  // A type that is written out in full helps nobody.
  return message.replace(/Object literal may only specify known properties, and '(.*)' does.*/s, "$1 is no key here").replace(/ (in|to) type '\{.*/s, "");
}

/** One line a fault: where it is, and what Grafana's types say about it. */
export function strictFaults(subjects: Subject[]): { subject: string; line: string }[] {
  const lines = PRELUDE.split("\n");
  const paths = lines.map(() => "");
  const owners = lines.map(() => "");
  subjects.flatMap(parts).forEach((part, index) => {
    const start = lines.length;
    write(part.value, part.at, lines, paths);
    lines[start] = `export const part${index}: Closed<${part.type}> = ${lines[start]}`;
    while (owners.length < lines.length) owners.push(part.subject);
  });
  const file = `${ROOT}/strict-parts.ts`;
  const host = ts.createCompilerHost(OPTIONS);
  const { getSourceFile, fileExists, readFile } = host;
  const text = lines.join("\n");
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, text, OPTIONS.target!) : getSourceFile.call(host, name, ...rest);
  host.fileExists = (name) => name === file || fileExists.call(host, name);
  host.readFile = (name) => (name === file ? text : readFile.call(host, name));
  const program = ts.createProgram([file], OPTIONS, host);
  return ts.getPreEmitDiagnostics(program).map(({ file: source, start, messageText }) => {
    const line = source && start !== undefined ? source.getLineAndCharacterOfPosition(start).line : 0;
    const subject = owners[line] || "the check itself";
    return { subject, line: `${subject}: ${paths[line] || "dashboard"}: ${innermost(messageText)}` };
  });
}
