// What happened, how long it took, and what is left of the budget?
import { GROUP, NETWORK, ROW_NETWORK, assemble, text, toNetwork } from "../board";
import { BLUE, GREEN, GREY, ORANGE, RED, STATE_MAP, YELLOW } from "../look";
import { bars, bucketsNow, coloured, fixedWindow, gauges, inRange, lines, now, over, rows, stat, table, timeline } from "../panel";
import { GROUP as IN_GROUP, NETWORK as OF, agreedState, events, series } from "../query";

const SECONDS = "bascule_network_state_seconds_total";
const OUTAGES = "bascule_network_outages_total";

/** Seconds in the states, over all vantages: ratios of such sums do not count anything twice. */
const spent = (states: string, window: string) => `sum by (network) (increase(${series(SECONDS, OF, states)}[${window}]))`;
const GOOD = 'state=~"up|degraded"';
const JUDGED = 'state=~"up|degraded|down"';

const availability = (window: string) => `${spent(GOOD, window)} / (${spent(JUDGED, window)} > 0)`;
const observed = (window: string) => `${spent(JUDGED, window)} / (${spent('state!="maintenance"', window)} > 0)`;
const outages = (window: string) => events(OUTAGES, "network", window, OF);
const downtime = (window: string) => events(SECONDS, "network", window, OF, 'state="down"');

const duration = "bascule_network_outage_duration_seconds";
const sum = (metric: string) => `sum by (network) (increase(${series(metric, OF)}[$__range]))`;
const mttr = `${sum(`${duration}_sum`)} / (${sum(`${duration}_count`)} > 0)`;
const mtbf = `${spent(GOOD, "$__range")} / (${sum(OUTAGES)} > 0)`;
const detection =
  "histogram_quantile(0.9, sum by (network, le) (increase(" +
  `${series("bascule_network_outage_detection_seconds_bucket", OF)}[$__range])))`;

const active = `sum by (group, network) (increase(${series("bascule_group_active_seconds_total", IN_GROUP)}[$__range]))`;
const allActive = `sum by (group) (increase(${series("bascule_group_active_seconds_total", IN_GROUP)}[$__range]))`;
const independent = "bascule_group_standby_domains_seconds_total";
const alone = `sum by (group) (increase(${series(independent, IN_GROUP, 'domains="0"')}[$__range]))`;
const judgedDepth = `sum by (group) (increase(${series(independent, IN_GROUP)}[$__range]))`;

const LONG = { unit: "dtdhms", "custom.align": "left" };
const BUDGET = [
  { from: null, color: RED },
  { from: 0, color: YELLOW },
  { from: 0.25, color: GREEN },
];
/** The bounds of the histogram, for people. */
const LENGTHS = {
  "30": "up to 30 s",
  "60": "to 1 min",
  "120": "to 2 min",
  "300": "to 5 min",
  "600": "to 10 min",
  "1800": "to 30 min",
  "3600": "to 1 h",
  "7200": "to 2 h",
  "14400": "to 4 h",
  "43200": "to 12 h",
  "86400": "to 1 day",
  "+Inf": "longer",
};
// Looking ahead from midnight gives the running day as much as there is of it.
const DAY = "a bar is one day";

export const board = () =>
  assemble({
    uid: "bascule-slo",
    title: "Bascule / Outages and objectives",
    description: "History: availability, outages, how long they took to be seen and mended, and what is left of the budget.",
    from: "now-30d",
    refresh: "5m",
    variables: [
      GROUP,
      NETWORK,
      text("slo", "Objective", "The share of the judged time a network should be usable, such as 0.999", "0.999"),
    ],
    top: [
      table({
        id: 1,
        title: "Networks over the range",
        description:
          "Availability is good time by judged time; time that nobody could judge is in Observed. Budget left: 1 is untouched, " +
          "below 0 the objective is missed. MTTR: mean length of an outage; MTBF: good time per outage. Seen within: nine of " +
          "ten outages were confirmed sooner after the last good round.",
        w: 24,
        h: 9,
        queries: [
          inRange(rows("availability", availability("$__range"))),
          inRange(rows("budget", `1 - (1 - ${availability("$__range")}) / (1 - $slo)`)),
          inRange(rows("outages", `round(${outages("$__range")})`)),
          inRange(rows("downtime", `round(${downtime("$__range")})`)),
          inRange(rows("mttr", `round(${mttr})`)),
          inRange(rows("mtbf", `round(${mtbf})`)),
          inRange(rows("detection", `round(${detection}) >= 0`)),
          inRange(rows("observed", observed("$__range"))),
        ],
        columns: [
          { field: "network", title: "Network" },
          { field: "availability", title: "Availability", properties: { unit: "percentunit", decimals: 3 } },
          { field: "budget", title: "Budget left", properties: { unit: "percentunit", decimals: 0, ...coloured(BUDGET) } },
          { field: "outages", title: "Outages", properties: { unit: "none", decimals: 0 } },
          { field: "downtime", title: "Downtime", properties: LONG },
          { field: "mttr", title: "MTTR", properties: LONG },
          { field: "mtbf", title: "MTBF", properties: LONG },
          { field: "detection", title: "Seen within (p90)", properties: LONG },
          { field: "observed", title: "Observed", properties: { unit: "percentunit", decimals: 2 } },
        ],
        sortBy: "Availability",
        ascending: true,
        unit: "none",
        noValue: "–",
        links: [toNetwork(ROW_NETWORK)],
      }),
      timeline({
        id: 2,
        title: "Networks",
        description: "The state of each network, the worst of each interval, as the vantages agree.",
        w: 24,
        h: 9,
        queries: [over(agreedState("bascule_network_state", "network", [OF], "$__interval"), "{{network}}")],
        mappings: STATE_MAP,
        interval: "2m",
        noValue: "no network reports",
        links: [toNetwork()],
      }),
      bars({
        id: 3,
        title: "Hours of downtime per day",
        description: "Time in the state down on each day (UTC), at the vantage with the most. The last bar is the running day, so far.",
        w: 12,
        h: 8,
        queries: [fixedWindow(over(`${downtime("1d").replace("[1d]", "$& offset -1d")} / 3600`, "{{network}}"), DAY)],
        after: true,
        unit: "none",
        decimals: 1,
        interval: "1d",
        noValue: "no network reports",
      }),
      gauges({
        id: 4,
        title: "Share of time on each channel",
        description: "How long each network was the active channel of its group. None: no channel was usable.",
        w: 7,
        h: 8,
        queries: [inRange(now(`${active} / on (group) group_left () (${allActive} > 0)`, "{{group}}: {{network}}"))],
        unit: "percentunit",
        decimals: 1,
        max: 1,
        steps: [{ from: null, color: BLUE }],
        overrides: [{ regexp: "/: none$/", properties: { color: { mode: "fixed", fixedColor: RED } } }],
        noValue: "no group reports",
      }),
      stat({
        id: 5,
        title: "Without redundancy",
        description:
          "Share of the judged time in which no independent standby was usable: one more failure would have been silence. " +
          "More than a few percent: add a channel on another failure domain.",
        w: 5,
        h: 8,
        queries: [inRange(now(`${alone} / (${judgedDepth} > 0)`, "{{group}}"))],
        unit: "percentunit",
        decimals: 2,
        text: "both",
        steps: [
          { from: null, color: GREEN },
          { from: 0.01, color: YELLOW },
          { from: 0.1, color: ORANGE },
        ],
        noValue: "no group reports",
      }),
    ],
    rows: [
      {
        id: 100,
        title: "Lengths, switches and trends",
        panels: [
          gauges({
            id: 101,
            title: "Lengths of outages",
            description: "Finished outages of the range by length. Many short ones are flapping; few long ones, a service that is hard to mend.",
            w: 12,
            h: 9,
            queries: [inRange(bucketsNow(`round(${events(`${duration}_bucket`, "le", "$__range", OF)})`))],
            unit: "none",
            decimals: 0,
            steps: [{ from: null, color: BLUE }],
            overrides: Object.entries(LENGTHS).map(([name, displayName]) => ({ name, properties: { displayName } })),
            noValue: "no outage ended in the range",
          }),
          lines({
            id: 102,
            title: "Availability, 7 days before each point",
            description: "The same over a window of 7 days: a step down is an outage that came in, a step up one that left.",
            w: 12,
            h: 9,
            softMin: 0.99,
            queries: [fixedWindow(over(availability("7d"), "{{network}}"), "the window is the question: a running week")],
            unit: "percentunit",
            decimals: 3,
            max: 1,
            interval: "1h",
            noValue: "no network reports",
          }),
          table({
            id: 103,
            title: "This range against the one before",
            description: "Availability and outages of the range, and of a range as long that ended where it begins.",
            w: 10,
            h: 9,
            queries: [
              inRange(rows("availability", availability("$__range"))),
              inRange(rows("before", availability("$__range").replace(/\[\$__range\]/g, "$& offset $$__range"))),
              inRange(rows("outages", `round(${outages("$__range")})`)),
              inRange(rows("earlier", `round(${outages("$__range").replace(/\[\$__range\]/g, "$& offset $$__range")})`)),
            ],
            columns: [
              { field: "network", title: "Network" },
              { field: "availability", title: "Availability", properties: { unit: "percentunit", decimals: 3 } },
              { field: "before", title: "Before", properties: { unit: "percentunit", decimals: 3 } },
              { field: "outages", title: "Outages", properties: { unit: "none", decimals: 0 } },
              { field: "earlier", title: "Outages before", properties: { unit: "none", decimals: 0 } },
            ],
            sortBy: "Availability",
            ascending: true,
            unit: "none",
            noValue: "–",
            links: [toNetwork(ROW_NETWORK)],
          }),
          table({
            id: 104,
            title: "Outages by layer",
            description: "At which layer the outages of the range began. The same layer again and again is worth a talk with the owner.",
            w: 8,
            h: 9,
            queries: [inRange(rows("outages", `round(${events(OUTAGES, "network, layer", "$__range", OF)}) > 0`))],
            columns: [
              { field: "network", title: "Network" },
              { field: "layer", title: "Layer" },
              { field: "outages", title: "Outages", properties: { decimals: 0 } },
            ],
            sortBy: "Outages",
            unit: "none",
            noValue: "no outages",
            links: [toNetwork(ROW_NETWORK)],
          }),
          stat({
            id: 105,
            title: "Mean time to switch",
            description: "From the first failed round of the lost channel to the activation of the next one.",
            w: 6,
            h: 9,
            queries: [
              inRange(
                now(
                  `sum by (group) (increase(${series("bascule_group_switch_seconds_sum", IN_GROUP)}[$__range]))\n` +
                    `/ (sum by (group) (increase(${series("bascule_group_switch_seconds_count", IN_GROUP)}[$__range])) > 0)`,
                  "{{group}}",
                ),
              ),
            ],
            unit: "s",
            decimals: 0,
            text: "both",
            plain: true,
            steps: [{ from: null, color: GREY }],
            noValue: "no switch",
          }),
        ],
      },
    ],
  });
