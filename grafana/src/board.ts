// What all dashboards have in common: variables, annotations, links, and where panels are put.
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { BLUE, GREEN, ORANGE, RED } from "./look";
import { DATASOURCE, belongTo, rows, stat, type Link, type Panel, type StatSpec } from "./panel";
import { GROUP as OF_GROUP, NETWORK as OF_NETWORK, series, shareDown } from "./query";

export interface Board {
  uid: string;
  title: string;
  description: string;
  from: string;
  refresh?: string;
  variables: Variable[];
  /** What is seen at first. */
  top: Panel[];
  rows: Row[];
  annotations?: dashboard.AnnotationQueryBuilder[];
}

export interface Row {
  id: number;
  title: string;
  repeat?: string;
  open?: boolean;
  panels: Panel[];
}

type Variable = { build(): dashboard.VariableModel };

export function choice(name: string, label: string, description: string, query: string, all = true): Variable {
  const built = new dashboard.QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(DATASOURCE)
    .query({ qryType: 1, query, refId: `variable-${name}` })
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc)
    .multi(true);
  return all ? built.includeAll(true).allValue(".+").current({ text: ["All"], value: ["$__all"] }) : built.includeAll(false);
}

export const GROUP = choice("group", "Group", "Failover groups", `label_values(${series("bascule_group_active")}, group)`);

const NETWORKS = `label_values(${series("bascule_network_state")}, network)`;
export const NETWORK = choice("network", "Network", "Networks, also those of no group", NETWORKS);
export const ONE_NETWORK = choice("network", "Network", "Each chosen network gets its own rows", NETWORKS, false);

export const ENDPOINT = choice(
  "endpoint",
  "Endpoint",
  "Endpoints of the chosen networks",
  `label_values(${series("bascule_endpoint_state", 'network=~"$network"')}, endpoint)`,
);

export function text(name: string, label: string, description: string, value: string, shown = true): Variable {
  return new dashboard.TextBoxVariableBuilder(name)
    .label(label)
    .description(description)
    .defaultValue(value)
    .current({ text: value, value })
    .hide(shown ? dashboard.VariableHide.DontHide : dashboard.VariableHide.HideVariable);
}

const SHARE = "A network is down when at least this share of the vantages that judge it say so; 0.5 is half of them";
export const SHOWN_SHARE = text("share", "Share for down", SHARE, "0.5");
const HIDDEN_SHARE = text("share", "Share for down", SHARE, "0.5", false);

function variables(board: Board): Variable[] {
  const own = board.variables;
  const common: Variable[] = [
    new dashboard.DatasourceVariableBuilder("datasource")
      .label("Data source")
      .description("The Prometheus, or what speaks its language, that scrapes bascule")
      .type("prometheus")
      .multi(false)
      .includeAll(false),
    choice("job", "Job", "The scrape job of bascule", "label_values(bascule_network_state, job)"),
    choice(
      "instance",
      "Vantage",
      "A vantage is one bascule: one value of the label instance",
      'label_values(bascule_network_state{job=~"$job"}, instance)',
    ),
  ];
  const shared = own.some((variable) => variable.build().name === "share") ? [] : [HIDDEN_SHARE];
  return [...common, ...own, ...shared];
}

export function mark(name: string, hue: string, expr: string, title: string, words: string): dashboard.AnnotationQueryBuilder {
  return new dashboard.AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .hide(false)
    .iconColor(hue)
    .expr(expr)
    .step("60s")
    .titleFormat(title)
    .textFormat(words)
    .tagKeys("network")
    .useValueForTime(false);
}

// Annotations are asked in steps of about a hundredth of the range, and only $__interval is that step: a fixed window,
// or $__rate_interval, would miss what happened between two steps. The difference of a counter misses nothing.
const switches = (chosen: string[]) => {
  const activations = series("bascule_group_activations_total", ...chosen, 'reason!="startup"');
  return mark(
    "Switches",
    BLUE,
    `max by (group, network, reason) (${activations} - ${activations} offset $__interval) > 0`,
    "{{group}}: {{reason}}",
    "to {{network}}",
  );
};

const outages = (chosen: string[]) =>
  mark(
    "Outages",
    ORANGE,
    `${shareDown("bascule_network_state", "network", chosen, "$__interval")} >= $share`,
    "{{network}} is down",
    "At least the share for down of the vantages that judge say so",
  );

/** What is marked is what the dashboard shows: its chosen groups and networks. */
function marks(board: Board): dashboard.AnnotationQueryBuilder[] {
  const names = board.variables.map((variable) => variable.build().name);
  const [group, network] = [names.includes("group") ? [OF_GROUP] : [], names.includes("network") ? [OF_NETWORK] : []];
  return [switches([...group, ...network]), outages(network), ...(board.annotations ?? [])];
}

/** Links to the other dashboards carry the variables and the time. */
const OTHERS = new dashboard.DashboardLinkBuilder("Bascule dashboards")
  .type(dashboard.DashboardLinkType.Dashboards)
  .tags(["bascule"])
  .asDropdown(true)
  .includeVars(true)
  .keepTime(true)
  .targetBlank(false)
  .icon("external link")
  .tooltip("The other dashboards of bascule, with the same variables and time")
  .url("");

const CARRIED = "${datasource:queryparam}&${job:queryparam}&${instance:queryparam}&${__url_time_range}";

/** To the detail of the network that a series or a row of a table is about. */
export const toNetwork = (network = "${__field.labels.network}"): Link => ({
  title: "Network detail",
  url: `/d/bascule-network/bascule-network?var-network=${network}&${CARRIED}`,
});
export const ROW_NETWORK = "${__data.fields.network}";
export const to = (uid: string, title: string): Link => ({ title, url: `/d/${uid}/${uid}?${CARRIED}` });

/** The networks whose lowest failing layer is this one, by name. */
export function failing({ layer, ...spec }: Pick<StatSpec, "id" | "title" | "description" | "w" | "h"> & { layer: string }): Panel {
  const down = series("bascule_network_layer_down", OF_NETWORK, `layer="${layer}"`);
  return stat({
    ...spec,
    text: "value",
    queries: [rows("fails", `max by (network) (${down}) == 1`)],
    label: "network",
    unit: "none",
    steps: [{ from: null, color: RED }],
    noValue: "none",
    none: GREEN,
    links: [toNetwork(ROW_NETWORK)],
  });
}

/** Puts panels side by side until the line is full, and gives back the first free line. */
function place(panels: Panel[], y: number): { placed: dashboard.Panel[]; y: number } {
  let [x, height] = [0, 0];
  const placed = panels.map((panel) => {
    const built = panel.build();
    const { w, h } = built.gridPos ?? { w: 12, h: 8 };
    if (x + w > 24) [x, y, height] = [0, y + height, 0];
    built.gridPos = { x, y, w, h };
    [x, height] = [x + w, Math.max(height, h)];
    return built;
  });
  return { placed, y: y + height };
}

function row(spec: Row, y: number, panels: dashboard.Panel[]): dashboard.RowPanel {
  const built = new dashboard.RowBuilder(spec.title).id(spec.id).collapsed(!spec.open).gridPos({ x: 0, y, w: 24, h: 1 });
  if (spec.repeat) built.repeat(spec.repeat);
  return { ...built.build(), panels };
}

export function assemble(board: Board): dashboard.Dashboard {
  belongTo(board.title);
  const builder = new dashboard.DashboardBuilder(board.title)
    .uid(board.uid)
    .description(board.description)
    .tags(["bascule"])
    .readonly()
    .timezone("browser")
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .time({ from: board.from, to: "now" })
    .refresh(board.refresh ?? "30s")
    .timepicker(new dashboard.TimePickerBuilder().refreshIntervals(["15s", "30s", "1m", "5m", "15m", "1h"]))
    .variables(variables(board))
    .annotations(marks(board))
    .link(OTHERS);
  const built = builder.build();
  const first = place(board.top, 0);
  const panels: (dashboard.Panel | dashboard.RowPanel)[] = [...first.placed];
  let y = first.y;
  for (const spec of board.rows) {
    const inside = place(spec.panels, y + 1);
    // Panels of an open row follow it; a collapsed one holds them.
    panels.push(row(spec, y, spec.open ? [] : inside.placed), ...(spec.open ? inside.placed : []));
    y = spec.open ? inside.y : y + 1;
  }
  return { ...built, panels };
}
