// Is it the name, the resolver or us?
import { NETWORK, assemble, failing, to, toNetwork } from "../board";
import { GREEN, RED, RESULTS, UPLINK_MAP, YELLOW } from "../look";
import { bars, coloured, inRange, lines, matrix, now, over, rows, stat, table, timeline } from "../panel";
import { NETWORK as OF, ownConnection, quantile, series, successShare } from "../query";

const QUERIES = "bascule_dns_queries_total";
const FAILING = [
  { from: null, color: GREEN },
  { from: 0.01, color: YELLOW },
  { from: 0.5, color: RED },
];
const inWindow = (...matchers: string[]) =>
  `sum by (network, resolver) (increase(${series(QUERIES, OF, ...matchers)}[$__range]))`;
/** What is true of most names is the resolver's doing; what is true of one is the name's. */
const median = (expr: string) => `quantile by (resolver) (0.5, ${expr})`;

export const board = () =>
  assemble({
    uid: "bascule-dns",
    title: "Bascule / DNS and resolvers",
    description: "Whether a failure to resolve is the name's, one resolver's, or our own.",
    from: "now-24h",
    variables: [NETWORK],
    top: [
      failing({
        id: 1,
        title: "Names that fail now",
        description:
          "Networks whose lowest failing layer is dns. If the resolvers beside it are fine, it is the network's own zone or " +
          "name servers: nothing of ours will help.",
        w: 8,
        h: 5,
        layer: "dns",
      }),
      stat({
        id: 2,
        title: "Failures of each resolver",
        description:
          "Share of queries that a resolver did not answer well, for the median of the names, so that a broken name does not " +
          "accuse it. High at one resolver: replace it; at all: our own connection. Empty with lean metrics.",
        w: 10,
        h: 5,
        queries: [now(median(`1 - (${successShare(QUERIES, "network, resolver", OF)})`), "{{resolver}}")],
        unit: "percentunit",
        decimals: 1,
        text: "both",
        steps: FAILING,
        noValue: "no queries (or lean metrics)",
      }),
      stat({
        id: 3,
        title: "Our own connection",
        description: "Whether each vantage has proof of its own connection. Not proven: failures below may be ours. Not watched: [uplink] is off, and they may be ours too.",
        w: 6,
        h: 5,
        queries: [now(ownConnection("instance", ['family="any"']), "{{instance}}")],
        mappings: UPLINK_MAP,
        noValue: "nobody reports",
        links: [to("bascule-vantage", "Vantage points")],
      }),
      matrix({
        id: 4,
        title: "Failures by resolver and network",
        description:
          "Share of queries that failed. A whole row band of one resolver: the resolver. One network at all resolvers: the " +
          "name. Everything at once: us.",
        w: 24,
        h: 11,
        queries: [over(`1 - (${successShare(QUERIES, "network, resolver", OF)})`, "{{network}} at {{resolver}}")],
        unit: "percentunit",
        decimals: 1,
        steps: FAILING,
        interval: "5m",
        cells: 96,
        noValue: "no queries (or lean metrics)",
        links: [toNetwork()],
      }),
      bars({
        id: 5,
        title: "DNS failures by reason",
        description:
          "dns_nxdomain: the name is gone. dns_servfail: the zone or its signatures. dns_timeout, dns_unreachable: the " +
          "resolver or the line. dns_disagreement: the resolvers say different things.",
        w: 12,
        h: 8,
        queries: [
          over(
            `sum by (reason) (increase(${series("bascule_probe_failures_total", OF, 'layer="dns"')}[$__rate_interval])) > 0`,
            "{{reason}}",
          ),
        ],
        unit: "none",
        decimals: 0,
        trouble: true,
        noValue: "no failures",
      }),
      timeline({
        id: 6,
        title: "Our own connection by family",
        description: "Proof of our own connection over time, by vantage and family. Any not proven: nothing was judged. Not watched: " +
          "there is no route of that family, or [uplink] is off.",
        w: 12,
        h: 8,
        queries: [
          over(ownConnection("instance, family", [], "$__interval"), "{{instance}} {{family}}"),
        ],
        mappings: UPLINK_MAP,
        interval: "2m",
        noValue: "nobody reports",
      }),
    ],
    rows: [
      {
        id: 100,
        title: "Times and load of the resolvers",
        panels: [
          lines({
            id: 101,
            title: "Median time of a query by network",
            description: "Half of the successful queries were faster.",
            w: 12,
            h: 8,
            queries: [over(quantile(0.5, "bascule_probe_duration_seconds", "network", OF, 'layer="dns"'), "{{network}}")],
            unit: "s",
            noValue: "no queries (or lean metrics)",
          }),
          lines({
            id: 102,
            title: "p95 time of a query by network",
            description: "One in twenty queries took longer. All lines rise: the resolvers or our line.",
            w: 12,
            h: 8,
            queries: [over(quantile(0.95, "bascule_probe_duration_seconds", "network", OF, 'layer="dns"'), "{{network}}")],
            unit: "s",
            noValue: "no queries (or lean metrics)",
          }),
          lines({
            id: 103,
            title: "Queries by resolver and result",
            description: "Queries a second. Inconclusive: cut short by trouble of our own.",
            w: 12,
            h: 9,
            queries: [over(`sum by (resolver, result) (rate(${series(QUERIES, OF)}[$__rate_interval]))`, "{{resolver}} {{result}}")],
            unit: "reqps",
            overrides: Object.entries(RESULTS)
              .filter(([result]) => result !== "success")
              .map(([result, hue]) => ({
                regexp: `/ ${result}$/`,
                properties: { color: { mode: "fixed", fixedColor: hue } },
              })),
            noValue: "no queries (or lean metrics)",
          }),
          table({
            id: 104,
            title: "Resolvers, worst first",
            description: "Each resolver over the whole range: share of queries that succeeded, for the median of the names, and how many there were.",
            w: 12,
            h: 9,
            queries: [
              inRange(
                rows("success", median(`${inWindow('result="success"')} / (${inWindow('result=~"success|failure"')} > 0)`)),
              ),
              inRange(rows("queries", `round(sum by (resolver) (${inWindow()}))`)),
            ],
            columns: [
              { field: "resolver", title: "Resolver" },
              {
                field: "success",
                title: "Success",
                properties: {
                  unit: "percentunit",
                  decimals: 2,
                  ...coloured([
                    { from: null, color: RED },
                    { from: 0.5, color: YELLOW },
                    { from: 0.99, color: GREEN },
                  ]),
                },
              },
              { field: "queries", title: "Queries", properties: { unit: "none", decimals: 0 } },
            ],
            sortBy: "Success",
            ascending: true,
            unit: "short",
            noValue: "no queries (or lean metrics)",
          }),
        ],
      },
    ],
  });
