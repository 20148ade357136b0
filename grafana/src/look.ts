// What states, roles and layers look like: one colour each, the same on every panel.
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";

// The palette of Okabe and Ito, chosen to be told apart by the colour-blind. The text is always there too.
export const GREEN = "#009E73";
export const YELLOW = "#F0E442";
export const RED = "#D55E00";
export const SKY = "#56B4E9";
export const GREY = "#999999";
export const BLUE = "#0072B2";
export const ORANGE = "#E69F00";
export const PALE_BLUE = "rgba(0, 114, 178, 0.45)";
export const CLEAR = "transparent";

/** The states by their code: what is worse is larger, so that `max` keeps the worst. */
export const STATES = [
  { code: 1, name: "unknown", color: GREY },
  { code: 2, name: "up", color: GREEN },
  { code: 3, name: "maintenance", color: SKY },
  { code: 4, name: "degraded", color: YELLOW },
  { code: 5, name: "down", color: RED },
];

/**
 * From the lowest, and darker the higher: an order that the colour-blind see too. The states and roles have used up the
 * other hues, so the layers share one that is nobody else's.
 */
export const LAYERS: Record<string, string> = {
  dns: "#FCC5DE",
  tcp: "#F18ECC",
  tls: "#C66EB4",
  http: "#9B509B",
  content: "#733281",
};

export const RESULTS: Record<string, string> = { success: GREEN, failure: RED, inconclusive: GREY };

export const VERDICTS: Record<string, string> = {
  pass: GREEN,
  slow: YELLOW,
  restricted: SKY,
  fail: RED,
  inconclusive: GREY,
};

export const ROLES: Record<string, string> = {
  active: BLUE,
  standby: GREEN,
  failed: RED,
  unknown: GREY,
  held: ORANGE,
  disabled: GREY,
};

export interface Shown {
  text?: string;
  color: string;
}

/** A value that is shown as a text or in a colour. */
export function values(map: Record<string, Shown>): dashboard.ValueMapping {
  const options: Record<string, dashboard.ValueMappingResult> = {};
  Object.entries(map).forEach(([value, result], index) => (options[value] = { ...result, index }));
  return { type: dashboard.MappingType.ValueToText, options };
}

/** A range of values, both ends included, that is shown as a text. */
export function range(from: number, to: number, result: Shown): dashboard.ValueMapping {
  return { type: dashboard.MappingType.RangeToText, options: { from, to, result: { ...result, index: 9 } } };
}

/** Days left of a certificate. */
export const EXPIRED_MAP = [range(-100_000, 0, { text: "expired", color: RED })];

export const STATE_MAP = [
  values(Object.fromEntries(STATES.map(({ code, name, color }) => [code, { text: name, color }]))),
];

/** The share of the vantages on which the channel is active. */
export const ACTIVE_MAP = [
  values({ "0": { text: " ", color: CLEAR }, "1": { text: "active", color: BLUE } }),
  range(0.0001, 0.9999, { text: "active at some", color: PALE_BLUE }),
];

/** The lane `none` of a group: to be active is the worst there. */
export const NO_CHANNEL = [
  {
    regexp: "/: none$/",
    properties: {
      mappings: [
        values({ "0": { text: " ", color: CLEAR }, "1": { text: "no channel", color: RED } }),
        range(0.0001, 0.9999, { text: "no channel at some", color: ORANGE }),
      ],
    },
  },
];

/** The place of a layer, from the lowest. */
export const LAYER_MAP = [
  values(Object.fromEntries(Object.entries(LAYERS).map(([text, color], i) => [`${i + 1}`, { text, color }]))),
];

/** Our own connection: what is worse is smaller, as in the metric. */
export const UPLINK_MAP = [
  values({
    "0": { text: "not proven", color: ORANGE },
    "0.5": { text: "not watched", color: GREY },
    "1": { text: "up", color: GREEN },
  }),
];

