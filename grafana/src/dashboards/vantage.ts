// Do the vantages agree, and who is blind?
import { GROUP, NETWORK, ROW_NETWORK, SHOWN_SHARE, assemble, to, toNetwork } from "../board";
import { ACTIVE_MAP, GREEN, GREY, NO_CHANNEL, ORANGE, RED, STATE_MAP, UPLINK_MAP, YELLOW, values } from "../look";
import { lines, now, over, rows, stat, timeline } from "../panel";
import { GROUP as IN_GROUP, NETWORK as OF, agreedState, quantile, series, shareDown, stateByVantage } from "../query";

const STATE = "bascule_network_state";
const judging = `${series(STATE, OF, 'state=~"up|degraded|down"')} == 1`;
const opinions = `count by (network) (count by (network, state) (${judging})) > 1`;
const uplink = series("bascule_uplink_up", 'family="any"');
const heard = `group by (instance) (last_over_time(${uplink}[6h]))`;

export const board = () =>
  assemble({
    uid: "bascule-vantage",
    title: "Bascule / Vantage points",
    description: "Whether the vantages agree, which one is blind or not heard of, and what the quorum says.",
    from: "now-24h",
    variables: [GROUP, NETWORK, SHOWN_SHARE],
    top: [
      stat({
        id: 1,
        title: "Vantages disagree on",
        description:
          "Networks about which the vantages that judge say different things. Seen from some places only: a regional " +
          "outage, or the line of one vantage. Compare the lanes below.",
        w: 8,
        h: 5,
        text: "value",
        queries: [rows("opinions", opinions)],
        label: "network",
        unit: "none",
        steps: [{ from: null, color: ORANGE }],
        noValue: "all agree",
        none: GREEN,
        links: [toNetwork(ROW_NETWORK)],
      }),
      stat({
        id: 2,
        title: "Own connection of each vantage",
        description: "Not proven: the vantage is blind, it judges nothing and does not count in the quorum. Look at its line.",
        w: 8,
        h: 5,
        queries: [now(`min by (instance) (${uplink})`, "{{instance}}")],
        mappings: UPLINK_MAP,
        text: "both",
        noValue: "no vantage reports",
        links: [to("bascule-self", "Prober health")],
      }),
      stat({
        id: 3,
        title: "Not heard of any more",
        description:
          "Vantages that reported in the last six hours and do not now: the machine, bascule, or the way of its metrics to " +
          "this data source.",
        w: 8,
        h: 5,
        text: "value",
        queries: [rows("missing", `${heard} unless on (instance) group by (instance) (${uplink})`)],
        label: "instance",
        unit: "none",
        steps: [{ from: null, color: RED }],
        noValue: "none",
        none: GREEN,
      }),
      timeline({
        id: 4,
        title: "Networks by quorum",
        description:
          "Down: at least the share for down of the vantages that judge say so. Degraded: some see trouble. One vantage " +
          "alone is its own quorum. The share is the variable above; alerts use the recording rule of their own.",
        w: 12,
        h: 9,
        queries: [over(agreedState(STATE, "network", [OF], "$__interval"), "{{network}}")],
        mappings: STATE_MAP,
        interval: "2m",
        noValue: "no network reports",
        links: [toNetwork()],
      }),
      lines({
        id: 5,
        title: "Share of vantages that say down",
        description: "Of the vantages that judge the network. At or above the dashed line the network counts as down.",
        w: 12,
        h: 9,
        queries: [over(shareDown(STATE, "network", [OF], "$__interval"), "{{network}}"), over("vector($share)", "share for down")],
        unit: "percentunit",
        max: 1,
        interval: "2m",
        overrides: [
          {
            name: "share for down",
            properties: {
              color: { mode: "fixed", fixedColor: RED },
              "custom.lineStyle": { fill: "dash", dash: [8, 8] },
              "custom.lineWidth": 1,
            },
          },
        ],
        noValue: "no network is judged",
        links: [toNetwork()],
      }),
      timeline({
        id: 6,
        title: "Each network from each vantage",
        description: "A lane a network and vantage. One grey lane: that vantage was blind. One red among green: it sees what others do not.",
        w: 24,
        h: 12,
        queries: [over(stateByVantage([OF], "$__interval"), "{{network}} from {{instance}}")],
        mappings: STATE_MAP,
        interval: "2m",
        noValue: "no vantage reports",
        links: [toNetwork()],
      }),
    ],
    rows: [
      {
        id: 100,
        title: "Channels, blindness and reachability of the vantages",
        panels: [
          timeline({
            id: 101,
            title: "Active channel of $instance",
            description: "The channel that this vantage would use. Different channels at different vantages are fine for a minute.",
            w: 24,
            h: 8,
            queries: [
              over(`max by (group, network) (max_over_time(${series("bascule_group_active", IN_GROUP)}[$__interval]))`, "{{group}}: {{network}}"),
            ],
            mappings: ACTIVE_MAP,
            overrides: NO_CHANNEL,
            interval: "2m",
            repeat: "instance",
            noValue: "no group reports",
          }),
          lines({
            id: 102,
            title: "Blind share of each vantage",
            description: "Share of the time without proof of its own connection. A vantage that is often blind is a poor witness.",
            w: 12,
            h: 8,
            max: 1,
            queries: [
              over(
                `sum by (instance) (rate(${series("bascule_uplink_state_seconds_total", 'family="any"', 'state!="up"')}[$__rate_interval]))`,
                "{{instance}}",
              ),
            ],
            unit: "percentunit",
            noValue: "no vantage reports",
          }),
          lines({
            id: 103,
            title: "p95 response time by vantage",
            description: "HTTP responses without connecting. A vantage that is slow at everything has a slow line.",
            w: 12,
            h: 8,
            queries: [over(quantile(0.95, "bascule_probe_duration_seconds", "instance", OF, 'layer="http"'), "{{instance}}")],
            unit: "s",
            noValue: "no responses (or lean metrics)",
          }),
          timeline({
            id: 104,
            title: "Scrapes of each vantage",
            description:
              "Whether Prometheus could read the vantage. With remote write the series up comes from the vantage itself, so " +
              "it ends instead of going down.",
            w: 12,
            h: 8,
            queries: [over(`min by (instance) (min_over_time(${series("up")}[$__interval]))`, "{{instance}}")],
            mappings: [values({ "0": { text: "not read", color: RED }, "1": { text: "read", color: GREEN } })],
            interval: "2m",
            noValue: "no scrape is recorded",
          }),
          lines({
            id: 105,
            title: "Age of the last sample",
            description: "How old what we see of each vantage is. More than two scrape intervals: it is late or lost.",
            w: 12,
            h: 8,
            queries: [over(`time() - max by (instance) (timestamp(${uplink}))`, "{{instance}}")],
            unit: "s",
            steps: [
              { from: null, color: GREY },
              { from: 60, color: YELLOW },
              { from: 120, color: RED },
            ],
            noValue: "no vantage reports",
          }),
        ],
      },
    ],
  });
