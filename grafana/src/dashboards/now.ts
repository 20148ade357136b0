// Which channel now, and is there redundancy behind it?
import { GROUP, ROW_NETWORK, assemble, to, toNetwork } from "../board";
import { ACTIVE_MAP, BLUE, GREEN, LAYERS, NO_CHANNEL, ORANGE, RED, ROLES, STATE_MAP, UPLINK_MAP, YELLOW, range, values } from "../look";
import { gauges, inRange, lines, mapped, now, over, rows, stat, table, timeline } from "../panel";
import { GROUP as IN_GROUP, activeChannel, agreedState, events, heldFor, ownConnection, series, unfrozen } from "../query";

const DEPTH = [
  { from: null, color: RED },
  { from: 1, color: YELLOW },
  { from: 2, color: GREEN },
];

// The layer and the start that belong together are those of one vantage; the earliest is told.
const downSince = `min by (network, layer) (
  (${series("bascule_network_layer_down")} == 1)
  * on (job, instance, network) group_left () (${series("bascule_network_outage_start_timestamp_seconds")} > 0)
)`;

const due = `${series("bascule_group_failback_due_timestamp_seconds", IN_GROUP)} > 0`;

export const board = () =>
  assemble({
    uid: "bascule-now",
    title: "Bascule / Which channel now?",
    description: "Which channel to use now, whether there is real redundancy behind it, and what is down.",
    from: "now-24h",
    variables: [GROUP],
    top: [
      stat({
        id: 1,
        title: "Use now",
        description:
          "The active channel of each group: publish there. With several vantages it is the choice of most of them; one " +
          "whose decisions are frozen counts only if all are. Red: no channel of the group is usable.",
        w: 10,
        h: 6,
        text: "both",
        queries: [rows("votes", activeChannel())],
        label: "network",
        mappings: [values({ none: { text: "no channel", color: RED } })],
        steps: [{ from: null, color: BLUE }],
        noValue: "nobody reports",
        links: [to("bascule-slo", "Outages and objectives")],
      }),
      stat({
        id: 2,
        title: "Independent standbys",
        description:
          "Usable standbys that share no failure domain with the active channel or with each other. 0: the next failure " +
          "is silence; prepare a channel by hand. With several vantages, the smallest number.",
        w: 5,
        h: 6,
        queries: [now(unfrozen("min by (group)", series("bascule_group_standby_domains", IN_GROUP)), "{{group}}")],
        unit: "none",
        mappings: [values({ "0": { text: "none", color: RED } })],
        steps: DEPTH,
        noValue: "unknown",
      }),
      stat({
        id: 3,
        title: "Our own connection",
        description:
          "Whether each vantage has proof that its own connection works. Not proven: that vantage judges nothing, and a " +
          "network that it calls unknown may be fine; look at that line first. Not watched: [uplink] is off there.",
        w: 5,
        h: 6,
        queries: [now(ownConnection("instance", ['family="any"']), "{{instance}}")],
        mappings: UPLINK_MAP,
        noValue: "nobody reports",
        links: [to("bascule-vantage", "Vantage points")],
      }),
      stat({
        id: 4,
        title: "Decisions",
        description:
          "Held: the group does not switch, since its prober has no proof of its own connection; the channel shown may be " +
          "out of date. With several vantages, whether some or all of them hold.",
        w: 4,
        h: 6,
        queries: [now(`avg by (group) (${series("bascule_group_frozen", IN_GROUP)})`, "{{group}}")],
        mappings: [
          values({ "0": { text: "free", color: GREEN }, "1": { text: "held", color: ORANGE } }),
          range(0.0001, 0.9999, { text: "held at some", color: ORANGE }),
        ],
        noValue: "unknown",
      }),
      stat({
        id: 5,
        title: "State of each network",
        description:
          "Down: at least the share for down (half) of the vantages that judge say so; degraded: trouble that does not " +
          "stop it, or fewer of them say down. Unknown: nobody can judge. A click leads to the detail.",
        w: 24,
        h: 4,
        text: "both",
        queries: [now(agreedState("bascule_network_state", "network", []), "{{network}}")],
        mappings: STATE_MAP,
        noValue: "no network reports",
        links: [toNetwork()],
      }),
      timeline({
        id: 6,
        title: "Active channel",
        description:
          "Blue: the channel was active. Red in the lane none: no channel was usable. Pale: only some of the vantages had " +
          "switched to it.",
        w: 14,
        h: 8,
        queries: [
          over(
            unfrozen("avg by (group, network)", series("bascule_group_active", IN_GROUP), "$__interval"),
            "{{group}}: {{network}}",
          ),
        ],
        mappings: ACTIVE_MAP,
        overrides: NO_CHANNEL,
        interval: "2m",
        noValue: "no group reports",
      }),
      table({
        id: 7,
        title: "Down now",
        description:
          "Which networks are down at any vantage, at which layer, since when (the first failed round). The layer says " +
          "whom to ask: dns the zone or resolver, tcp the route or host, tls the certificate, http and content the service.",
        w: 10,
        h: 8,
        queries: [rows("since", `1000 * ${downSince}`), rows("for", `round(time() - ${downSince})`)],
        columns: [
          { field: "network", title: "Network" },
          { field: "layer", title: "Layer", properties: { "custom.width": 90, ...mapped(LAYERS) } },
          { field: "since", title: "Since", properties: { unit: "dateTimeAsIsoNoDateIfToday" } },
          { field: "for", title: "For", properties: { unit: "dtdhms", "custom.width": 120 } },
        ],
        sortBy: "Since",
        ascending: true,
        unit: "none",
        noValue: "Nothing is known to be down",
        links: [toNetwork(ROW_NETWORK)],
      }),
      timeline({
        id: 8,
        title: "Networks",
        description:
          "The state of each network over time, with the worst of each interval, so that no short outage is lost. The " +
          "vantages agree as in the tiles above.",
        w: 24,
        h: 9,
        queries: [over(agreedState("bascule_network_state", "network", [], "$__interval"), "{{network}}")],
        mappings: STATE_MAP,
        interval: "2m",
        noValue: "no network reports",
        links: [toNetwork()],
      }),
    ],
    rows: [
      {
        id: 100,
        title: "Redundancy, roles and switches",
        panels: [
          table({
            id: 101,
            title: "Roles",
            description:
              "What each network is to its group, by vantage. Standby: usable. Failed: down. Held: good again, but " +
              "not yet for long enough. Unknown: not judged. Disabled: out of the choice.",
            w: 10,
            h: 10,
            queries: [rows("holds", `max by (group, network, role, instance) (${series("bascule_group_role", IN_GROUP)}) == 1`)],
            columns: [
              { field: "group", title: "Group" },
              { field: "network", title: "Network" },
              { field: "role", title: "Role", properties: mapped(ROLES) },
              { field: "instance", title: "Vantage" },
            ],
            unit: "none",
            noValue: "no group reports",
            links: [toNetwork(ROW_NETWORK)],
          }),
          lines({
            id: 102,
            title: "Standbys",
            description:
              "Usable standbys, and how many of them are independent of the active channel and of each other. A group that " +
              "sits at 0 independent standbys has no redundancy, whatever the number of standbys.",
            w: 14,
            h: 10,
            queries: [
              over(unfrozen("min by (group)", series("bascule_group_standby_domains", IN_GROUP)), "{{group}}, independent"),
              over(unfrozen("min by (group)", series("bascule_group_standbys", IN_GROUP)), "{{group}}, usable"),
            ],
            unit: "none",
            decimals: 0,
            noValue: "no group reports",
          }),
          stat({
            id: 103,
            title: "Failback due in",
            description:
              "Time until the pending return to a better channel, if all stays good there. Nothing to do; freeze or disable " +
              "a network in the configuration to prevent it.",
            w: 8,
            h: 7,
            queries: [now(`round(clamp_min(min by (group) (${due}) - time(), 0))`, "{{group}}")],
            unit: "dtdurations",
            decimals: 1,
            plain: true,
            noValue: "none is pending",
          }),
          gauges({
            id: 104,
            title: "Switches in range, by reason",
            description:
              "Failover: the channel was lost. Failback: a better one was good for long enough. Recovery: the first one after " +
              "none was usable. Counted at each vantage, the largest number shown.",
            w: 8,
            h: 7,
            queries: [
              inRange(
                now(
                  `round(${events("bascule_group_activations_total", "reason", "$__range", IN_GROUP, 'reason!="startup"')})`,
                  "{{reason}}",
                ),
              ),
            ],
            unit: "none",
            steps: [{ from: null, color: BLUE }],
            noValue: "none",
          }),
          table({
            id: 105,
            title: "States have held for",
            description: "Time since the confirmed state last changed, at the vantage that has held it longest. Two rows of a network: its " +
              "vantages say different things, or one is blind.",
            w: 8,
            h: 7,
            queries: [
              rows(
                "held",
                heldFor(),
              ),
            ],
            columns: [
              { field: "network", title: "Network" },
              { field: "state", title: "State" },
              { field: "held", title: "Held for", properties: { unit: "dtdurations", decimals: 1 } },
            ],
            sortBy: "Held for",
            ascending: true,
            unit: "none",
            noValue: "no change yet",
            links: [toNetwork(ROW_NETWORK)],
          }),
        ],
      },
    ],
  });
