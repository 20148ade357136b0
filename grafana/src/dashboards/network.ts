// One network: which layer, which endpoint, which family, and why?
import { ENDPOINT, ONE_NETWORK, assemble, to } from "../board";
import { BLUE, GREEN, GREY, LAYERS, LAYER_MAP, ORANGE, RED, STATE_MAP, VERDICTS, YELLOW, values } from "../look";
import { bars, buckets, heat, lines, now, over, rows, stat, table, timeline, coloured, type Query } from "../panel";
import { ENDPOINT as AT, NETWORK as OF, agreedState, quantile, series, spareWeight, successShare, worstLayer } from "../query";

const layerDown = series("bascule_network_layer_down", OF);
/** The lowest failing layer as its place in `LAYERS`, by vantage. */
function lowestLayer(window: string): string {
  const fails = (layer: string) => `max_over_time(${series("bascule_network_layer_down", OF, `layer="${layer}"`)}[${window}])`;
  const terms = Object.keys(LAYERS).map((layer, i) => `${i + 1} * (max by (instance, layer) (${fails(layer)}) > 0)`);
  return `min by (instance) (\n  ${terms.join("\n  or ")}\n)`;
}

const SECONDS = "bascule_probe_duration_seconds";
const LAST_WEEK = { "custom.lineStyle": { fill: "dash", dash: [6, 6] }, "custom.lineWidth": 1 };

const mean = `sum by (layer) (rate(${series(`${SECONDS}_sum`, OF, AT)}[$__rate_interval]))
/ (sum by (layer) (rate(${series(`${SECONDS}_count`, OF, AT)}[$__rate_interval])) > 0)`;

function percentile(q: number): Query[] {
  const today = quantile(q, SECONDS, "layer", OF, AT);
  return [over(today, "{{layer}}"), over(today.replace(/\[\$__rate_interval\]/, "$& offset 7d"), "{{layer}}, a week before")];
}

export const board = () =>
  assemble({
    uid: "bascule-network",
    title: "Bascule / Network detail",
    description: "Which layer of a network fails, at which endpoint, over which family, and why.",
    from: "now-6h",
    variables: [ONE_NETWORK, ENDPOINT],
    top: [],
    rows: [
      {
        id: 100,
        title: "$network",
        repeat: "network",
        open: true,
        panels: [
          stat({
            id: 1,
            title: "State",
            description: "The state now, as the vantages agree: down if at least the share for down of those that judge say so.",
            w: 5,
            h: 4,
            text: "value",
            queries: [now(agreedState("bascule_network_state", "network", [OF]), "{{network}}")],
            mappings: STATE_MAP,
            noValue: "nobody reports",
            links: [to("bascule-vantage", "Vantage points")],
          }),
          stat({
            id: 2,
            title: "Lowest failing layer",
            description:
              "Where the trouble begins: dns the zone or the resolvers, tcp the route or host, tls the certificate or " +
              "handshake, http and content the service itself.",
            w: 5,
            h: 4,
            text: "value",
            queries: [rows("fails", `max by (layer) (${layerDown}) == 1`)],
            label: "layer",
            unit: "none",
            steps: [{ from: null, color: RED }],
            noValue: "none",
            none: GREEN,
          }),
          stat({
            id: 3,
            title: "Down for",
            description: "Time since the first failed round of the running outage, at the vantage that saw it first.",
            w: 5,
            h: 4,
            queries: [
              now(`round(time() - min by (network) (${series("bascule_network_outage_start_timestamp_seconds", OF)} > 0))`, "{{network}}"),
            ],
            unit: "dtdurations",
            decimals: 1,
            text: "value",
            steps: [{ from: null, color: RED }],
            noValue: "not down",
            none: GREEN,
          }),
          stat({
            id: 4,
            title: "Spare weight",
            description:
              "Weight of endpoints that can still fail before the network goes down, at the judging vantage with the least. " +
              "0: the next endpoint takes the network down.",
            w: 4,
            h: 4,
            queries: [now(spareWeight(OF), "{{network}}")],
            unit: "none",
            text: "value",
            steps: [
              { from: null, color: ORANGE },
              { from: 0.0001, color: GREEN },
            ],
            noValue: "unknown",
          }),
          stat({
            id: 5,
            title: "Flapping",
            description:
              "Yes: several outages in the last six hours, so the way back to up takes longer than usual. Do not return to " +
              "this channel by hand before it has calmed down.",
            w: 5,
            h: 4,
            queries: [now(`max by (network) (${series("bascule_network_flapping", OF)})`, "{{network}}")],
            mappings: [values({ "0": { text: "no", color: GREEN }, "1": { text: "yes", color: YELLOW } })],
            text: "value",
            noValue: "unknown",
          }),
          timeline({
            id: 6,
            title: "Lowest failing layer over time",
            description:
              "The layer at which the trouble began, by vantage; empty while all is well. The layers above it are not attempted.",
            w: 12,
            h: 7,
            queries: [over(lowestLayer("$__interval"), "{{instance}}")],
            mappings: LAYER_MAP,
            interval: "2m",
            noValue: "no layer failed",
          }),
          timeline({
            id: 7,
            title: "Endpoints",
            description: "The state of each endpoint, the worst of each interval. One red lane: that endpoint; all: the network.",
            w: 12,
            h: 7,
            queries: [over(agreedState("bascule_endpoint_state", "network, endpoint", [OF, AT], "$__interval"), "{{endpoint}}")],
            mappings: STATE_MAP,
            interval: "2m",
            noValue: "no endpoint reports",
          }),
          lines({
            id: 8,
            title: "Success by layer",
            description:
              "Share of attempts that succeed, by layer. The lowest layer that drops is the cause; the layers above it have " +
              "fewer attempts. Empty with lean metrics.",
            w: 8,
            h: 8,
            queries: [over(successShare("bascule_probes_total", "layer", OF, AT), "{{layer}}")],
            unit: "percentunit",
            max: 1,
            colors: LAYERS,
            noValue: "no attempts (or lean metrics)",
          }),
          bars({
            id: 9,
            title: "Failures by reason",
            description: "Failed attempts in each interval by reason. The reasons are explained in docs/metrics.md.",
            w: 8,
            h: 8,
            queries: [
              over(`sum by (reason) (increase(${series("bascule_probe_failures_total", OF, AT)}[$__rate_interval])) > 0`, "{{reason}}"),
            ],
            unit: "none",
            decimals: 0,
            trouble: true,
            noValue: "no failures",
          }),
          lines({
            id: 10,
            title: "Mean time by layer",
            description:
              "Where the time of a successful round goes: the mean of each layer, stacked. A layer that grows is where to " +
              "look before it fails.",
            w: 8,
            h: 8,
            stack: true,
            queries: [over(mean, "{{layer}}")],
            unit: "s",
            colors: LAYERS,
            noValue: "no successes (or lean metrics)",
          }),
        ],
      },
      {
        id: 200,
        title: "Times of $network",
        repeat: "network",
        panels: [
          lines({
            id: 201,
            title: "Median time by layer",
            description: "Half of the successful attempts were faster. Dashed: the same hour a week before.",
            w: 8,
            h: 9,
            queries: percentile(0.5),
            unit: "s",
            colors: LAYERS,
            overrides: [{ regexp: "/a week before/", properties: LAST_WEEK }],
            noValue: "no successes (or lean metrics)",
          }),
          lines({
            id: 202,
            title: "p95 time by layer",
            description: "One in twenty attempts took longer. Dashed: the same hour a week before.",
            w: 8,
            h: 9,
            queries: percentile(0.95),
            unit: "s",
            colors: LAYERS,
            overrides: [{ regexp: "/a week before/", properties: LAST_WEEK }],
            noValue: "no successes (or lean metrics)",
          }),
          heat({
            id: 203,
            title: "HTTP response times",
            description: "How many responses took how long, without the time to connect. Two bands: two paths, caches or families.",
            w: 8,
            h: 9,
            queries: [
              buckets(`sum by (le) (increase(${series(`${SECONDS}_bucket`, OF, AT, 'layer="http"')}[$__rate_interval]))`),
            ],
            unit: "s",
            noValue: "no successes (or lean metrics)",
          }),
        ],
      },
      {
        id: 300,
        title: "Addresses, answers and rounds of $network",
        repeat: "network",
        panels: [
          bars({
            id: 301,
            title: "Addresses by family and result",
            description:
              "Addresses tried in the last rounds. Failures of one family only: that family's route is broken, and the " +
              "network counts as slow rather than down.",
            w: 12,
            h: 8,
            queries: [over(`sum by (family, result) (${series("bascule_endpoint_addresses", OF, AT)}) > 0`, "{{family}} {{result}}")],
            unit: "none",
            decimals: 0,
            colors: {
              "ipv4 success": GREEN,
              "ipv4 failure": RED,
              "ipv4 inconclusive": GREY,
              "ipv6 success": BLUE,
              "ipv6 failure": ORANGE,
              "ipv6 inconclusive": "#BBBBBB",
            },
            noValue: "no addresses (or lean metrics)",
          }),
          lines({
            id: 302,
            title: "Success by family",
            description: "Share of attempts that succeed over IPv4 and IPv6, at the layer that fails most, from the connection on.",
            w: 12,
            h: 8,
            queries: [over(worstLayer("bascule_probes_total", "family", OF, AT, 'layer!="dns"'), "{{family}}")],
            unit: "percentunit",
            max: 1,
            colors: { ipv4: GREEN, ipv6: BLUE },
            noValue: "no attempts (or lean metrics)",
          }),
          bars({
            id: 303,
            title: "HTTP responses by status class",
            description: "The last response of each round. 5xx: the service fails; 4xx: it refuses us; other: no status at all.",
            w: 12,
            h: 8,
            queries: [over(`sum by (class) (increase(${series("bascule_http_responses_total", OF, AT)}[$__rate_interval])) > 0`, "{{class}}")],
            unit: "none",
            decimals: 0,
            colors: { "1xx": GREY, "2xx": GREEN, "3xx": BLUE, "4xx": YELLOW, "5xx": RED, other: GREY },
            noValue: "no responses (or lean metrics)",
          }),
          bars({
            id: 304,
            title: "Rounds by verdict",
            description:
              "All rounds in each interval. Inconclusive: trouble of our own, it counts for nothing. Restricted: a bot wall, " +
              "reachable but the content is not known.",
            w: 12,
            h: 8,
            queries: [over(`sum by (verdict) (increase(${series("bascule_rounds_total", OF, AT)}[$__rate_interval])) > 0`, "{{verdict}}")],
            unit: "none",
            decimals: 0,
            colors: VERDICTS,
            noValue: "no rounds",
          }),
          lines({
            id: 305,
            title: "Spare weight over time",
            description: "Weight of endpoints that can still fail, at the judging vantage with the least. At 0 the next failure counts.",
            w: 12,
            h: 8,
            fill: 20,
            queries: [over(spareWeight(OF), "{{network}}")],
            unit: "none",
            noValue: "unknown",
          }),
          table({
            id: 306,
            title: "Endpoints, longest without success first",
            description: "Time since the last good round of each endpoint, at the vantage that had it last.",
            w: 12,
            h: 8,
            queries: [
              rows(
                "age",
                `round(time() - max by (network, endpoint) (${series("bascule_endpoint_last_success_timestamp_seconds", OF, AT)} > 0))`,
              ),
              rows("restricted", `max by (network, endpoint) (${series("bascule_endpoint_restricted", OF, AT)})`),
            ],
            columns: [
              { field: "endpoint", title: "Endpoint" },
              {
                field: "age",
                title: "Since the last success",
                properties: {
                  unit: "dtdurations",
                  decimals: 0,
                  ...coloured([
                    { from: null, color: GREEN },
                    { from: 300, color: YELLOW },
                    { from: 900, color: RED },
                  ]),
                },
              },
              {
                field: "restricted",
                title: "Bot wall",
                properties: { mappings: [values({ "0": { text: "no", color: GREEN }, "1": { text: "yes", color: YELLOW } })] },
              },
            ],
            hide: ["network"],
            sortBy: "Since the last success",
            unit: "s",
            noValue: "no endpoint reports",
          }),
        ],
      },
    ],
  });

