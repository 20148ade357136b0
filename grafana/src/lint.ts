// The exceptions from the rules of Grafana's dashboard linter, in the linter's own format. They are declared
// where the query is, see `fixedWindow`.
import type * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { exceptions } from "./panel";

const LABEL = "instance is one bascule, which people here call a vantage; the variable keeps the name the linter wants";

interface Entry {
  dashboard: string;
  panel?: string;
  targetIdx?: number;
  reason: string;
}

function entryLines({ dashboard: title, panel, targetIdx, reason }: Entry): string[] {
  const lines = [`  - dashboard: ${JSON.stringify(title)}`];
  if (panel !== undefined) lines.push(`    panel: ${JSON.stringify(panel)}`);
  if (targetIdx !== undefined) lines.push(`    targetIdx: ${targetIdx}`);
  lines.push(`    reason: ${JSON.stringify(reason)}`);
  return lines;
}

export function lintFile(boards: dashboard.Dashboard[]): string {
  const rules = new Map<string, { reason: string; entries: Entry[] }>();
  rules.set("template-instance-rule", {
    reason: LABEL,
    entries: boards.map((board) => ({ dashboard: board.title ?? "", reason: LABEL })),
  });
  for (const { board, panel, index, rule, reason } of exceptions()) {
    const found = rules.get(rule) ?? { reason: "windows that are the question of the panel", entries: [] };
    found.entries.push({ dashboard: board, panel, targetIdx: index, reason });
    rules.set(rule, found);
  }
  const text = [...rules].flatMap(([rule, { reason, entries }]) => [
    `  ${rule}:`,
    `    reason: ${JSON.stringify(reason)}`,
    "    entries:",
    ...entries.flatMap(entryLines).map((line) => `  ${line}`),
  ]);
  return ["# Made from grafana/src: npm run build", "exclusions:", ...text, ""].join("\n");
}
