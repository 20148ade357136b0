// Which certificate runs out next?
import { NETWORK, ROW_NETWORK, assemble, failing, mark, toNetwork } from "../board";
import { EXPIRED_MAP, GREEN, ORANGE, RED, SKY, YELLOW } from "../look";
import { bars, buckets, coloured, heat, inRange, lines, now, over, rows, stat, table } from "../panel";
import { NETWORK as OF, events, quantile, series } from "../query";

const EXPIRY = series("bascule_tls_certificate_not_after_timestamp_seconds", OF);
const earliest = `min by (network, endpoint) (${EXPIRY} > 0)`;
const daysLeft = `(${earliest} - time()) / 86400`;
const DAYS = [
  { from: null, color: RED },
  { from: 7, color: YELLOW },
  { from: 21, color: GREEN },
];

export const board = () =>
  assemble({
    uid: "bascule-tls",
    title: "Bascule / Certificates",
    description: "Which certificate runs out next, what was renewed, and whether handshakes are well.",
    from: "now-30d",
    refresh: "5m",
    variables: [NETWORK],
    annotations: [
      mark(
        "Renewals",
        SKY,
        `max by (network, endpoint) (${EXPIRY} > ${EXPIRY} offset $__interval)`,
        "{{network}}: renewed",
        "certificate of {{endpoint}}",
      ),
    ],
    top: [
      stat({
        id: 1,
        title: "Days until the next expiry",
        description:
          "Days until the first certificate in any chain expires. Below 21 days an automatic renewal should have happened: " +
          "ask the owner. Below 7, plan for another channel.",
        w: 8,
        h: 6,
        queries: [now(`min((${EXPIRY} > 0) - time()) / 86400`, "days")],
        unit: "none",
        decimals: 1,
        text: "value",
        mappings: EXPIRED_MAP,
        steps: DAYS,
        noValue: "no certificate seen",
      }),
      stat({
        id: 2,
        title: "Expire within 21 days",
        description: "Number of endpoints with less than 21 days left. They are on top of the table below.",
        w: 8,
        h: 6,
        queries: [now(`count(${daysLeft} < 21) or 0 * count(${daysLeft})`, "endpoints")],
        unit: "none",
        text: "value",
        steps: [
          { from: null, color: GREEN },
          { from: 1, color: YELLOW },
        ],
        noValue: "no certificate seen",
      }),
      failing({
        id: 3,
        title: "Fail at TLS now",
        description: "Networks whose lowest failing layer is tls. The reasons are in the panel below.",
        w: 8,
        h: 6,
        layer: "tls",
      }),
      table({
        id: 4,
        title: "Certificates, soonest first",
        description: "The earliest expiry in the chain that each endpoint showed last, at any vantage.",
        w: 12,
        h: 11,
        queries: [rows("days", daysLeft), rows("date", `1000 * ${earliest}`)],
        columns: [
          { field: "network", title: "Network" },
          { field: "endpoint", title: "Endpoint" },
          { field: "days", title: "Days left", properties: { unit: "none", decimals: 1, mappings: EXPIRED_MAP, ...coloured(DAYS) } },
          { field: "date", title: "Expires", properties: { unit: "dateTimeAsIso" } },
        ],
        sortBy: "Days left",
        ascending: true,
        unit: "none",
        noValue: "no certificate seen",
        links: [toNetwork(ROW_NETWORK)],
      }),
      lines({
        id: 5,
        title: "Days left",
        description: "A saw tooth: each rise is a renewal. A line that runs to 0 was not renewed.",
        w: 12,
        h: 11,
        queries: [over(daysLeft, "{{network}} {{endpoint}}")],
        unit: "none",
        steps: [
          { from: null, color: RED },
          { from: 7, color: ORANGE },
          { from: 21, color: "transparent" },
        ],
        limits: true,
        noValue: "no certificate seen",
      }),
      bars({
        id: 6,
        title: "TLS failures by reason",
        description:
          "tls_expired, tls_untrusted, tls_name_mismatch: the certificate. tls_alert, tls_version, tls_protocol: the server's " +
          "set-up. tls_timeout, tls_closed: load, or somebody between.",
        w: 12,
        h: 8,
        queries: [
          over(
            `sum by (reason) (increase(${series("bascule_probe_failures_total", OF, 'layer="tls"')}[$__rate_interval])) > 0`,
            "{{reason}}",
          ),
        ],
        unit: "none",
        decimals: 0,
        trouble: true,
        noValue: "no failures",
      }),
      lines({
        id: 7,
        title: "p95 time of a handshake by network",
        description: "One in twenty handshakes took longer. A rise without failures is load, or a longer way to the server.",
        w: 12,
        h: 8,
        queries: [over(quantile(0.95, "bascule_probe_duration_seconds", "network", OF, 'layer="tls"'), "{{network}}")],
        unit: "s",
        noValue: "no handshakes (or lean metrics)",
      }),
    ],
    rows: [
      {
        id: 100,
        title: "Handshakes",
        panels: [
          heat({
            id: 101,
            title: "Handshake times",
            description: "How many handshakes took how long, over all chosen networks.",
            w: 12,
            h: 9,
            queries: [
              buckets(
                `sum by (le) (increase(${series("bascule_probe_duration_seconds_bucket", OF, 'layer="tls"')}[$__rate_interval]))`,
              ),
            ],
            unit: "s",
            noValue: "no handshakes (or lean metrics)",
          }),
          table({
            id: 102,
            title: "TLS outages in range",
            description: "Outages whose lowest failing layer was tls, by network.",
            w: 12,
            h: 9,
            queries: [
              inRange(
                rows("outages", `round(${events("bascule_network_outages_total", "network", "$__range", OF, 'layer="tls"')}) > 0`),
              ),
            ],
            columns: [
              { field: "network", title: "Network" },
              { field: "outages", title: "Outages", properties: { decimals: 0 } },
            ],
            sortBy: "Outages",
            unit: "none",
            noValue: "none",
            links: [toNetwork(ROW_NETWORK)],
          }),
        ],
      },
    ],
  });
