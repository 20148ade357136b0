// All dashboards, as the text of their files.
import type * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import * as dns from "./dashboards/dns";
import * as network from "./dashboards/network";
import * as now from "./dashboards/now";
import * as self from "./dashboards/self";
import * as slo from "./dashboards/slo";
import * as tls from "./dashboards/tls";
import * as vantage from "./dashboards/vantage";
import { lintFile } from "./lint";

const ALL = [now, network, dns, tls, slo, vantage, self];

/**
 * What the SDK sets though nobody asked: options of another kind of variable, a repetition of panels that do not
 * repeat, a footer that newer tables no longer have, and a place in a menu for links and annotations.
 */
function unasked(key: string, owner: Record<string, unknown>): boolean {
  if (key === "auto" || key === "auto_count" || key === "auto_min") return owner.type !== "interval";
  if (key === "repeatDirection") return owner.repeat === undefined;
  if (key === "footer") return "showHeader" in owner;
  return key === "placement" && owner.placement === "inControlsMenu";
}

/** Keys in the order of the alphabet, so that a change of the SDK's order is no change of the file. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const owner = value as Record<string, unknown>;
  const entries = Object.entries(owner).filter(
    ([key, inner]) => inner !== undefined && typeof inner !== "function" && !unasked(key, owner),
  );
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]));
}

export function boards(): dashboard.Dashboard[] {
  return ALL.map((one) => one.board());
}

/** File name and text of everything in `grafana/dashboards`. */
export function files(): Map<string, string> {
  const made = boards();
  const texts = new Map(made.map((one) => [`${one.uid}.json`, JSON.stringify(sorted(one), null, 2) + "\n"]));
  texts.set(".lint", lintFile(made));
  return texts;
}
