// The kinds of panel: what all panels of a kind have in common is said here once.
import type * as cog from "@grafana/grafana-foundation-sdk/cog";
import * as bargauge from "@grafana/grafana-foundation-sdk/bargauge";
import * as common from "@grafana/grafana-foundation-sdk/common";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import * as heatmaps from "@grafana/grafana-foundation-sdk/heatmap";
import * as prometheus from "@grafana/grafana-foundation-sdk/prometheus";
import * as stats from "@grafana/grafana-foundation-sdk/stat";
import * as statetimeline from "@grafana/grafana-foundation-sdk/statetimeline";
import * as statushistory from "@grafana/grafana-foundation-sdk/statushistory";
import * as tables from "@grafana/grafana-foundation-sdk/table";
import * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";
import { CLEAR, GREY, RED, values } from "./look";

export const DATASOURCE = { type: "prometheus", uid: "${datasource}" };

/** One query. `exempt` names the linter's rules it may break, with the reason. */
export interface Query {
  expr: string;
  legend: string;
  ref?: string;
  kind: "now" | "range" | "table" | "heatmap" | "histogram";
  exempt?: Record<string, string>;
}

export interface Step {
  from: number | null;
  color: string;
}

export interface Spec {
  /** Stays the same for ever: links, alerts and pictures name it. */
  id: number;
  title: string;
  description: string;
  w: number;
  h: number;
  queries: Query[];
  unit?: string;
  decimals?: number;
  min?: number;
  max?: number;
  noValue?: string;
  mappings?: dashboard.ValueMapping[];
  steps?: Step[];
  links?: Link[];
  /** Colours of series by their name. */
  colors?: Record<string, string>;
  overrides?: Override[];
  /** The smallest step of a query. */
  interval?: string;
  /** Into how many intervals the range is cut at most. */
  cells?: number;
  /** One panel a value of this variable, side by side; nothing else may be on its line. */
  repeat?: string;
  transformations?: dashboard.DataTransformerConfig[];
}

export interface Link {
  title: string;
  url: string;
}

export interface Override {
  name?: string;
  regexp?: string;
  properties: Record<string, unknown>;
}

export type Panel = cog.Builder<dashboard.Panel>;

/** The queries of a panel, now, over the range, as rows of a table, as buckets. */
export const now = (expr: string, legend = ""): Query => ({ expr, legend, kind: "now" });
export const over = (expr: string, legend = ""): Query => ({ expr, legend, kind: "range" });
export const rows = (ref: string, expr: string): Query => ({ expr, legend: "", ref, kind: "table" });
export const bucketsNow = (expr: string): Query => ({ expr, legend: "{{le}}", kind: "histogram" });
export const buckets = (expr: string): Query => ({ expr, legend: "{{le}}", kind: "heatmap" });

/** A window that is the question itself: the range that is looked at, a day. */
export function fixedWindow(query: Query, reason: string): Query {
  return { ...query, exempt: { "target-rate-interval-rule": reason } };
}

export const WHOLE_RANGE = "the panel tells of the whole range that is looked at, so its window is the range itself";
export const inRange = (query: Query): Query => fixedWindow(query, WHOLE_RANGE);

function target(query: Query, index: number): prometheus.DataqueryBuilder {
  const built = new prometheus.DataqueryBuilder()
    .refId(query.ref ?? String.fromCharCode(65 + index))
    .datasource(DATASOURCE)
    .editorMode(prometheus.QueryEditorMode.Code)
    .expr(query.expr);
  if (query.legend) built.legendFormat(query.legend);
  if (query.kind === "table") return built.instant().format(prometheus.PromQueryFormat.Table);
  if (query.kind === "heatmap") return built.range().format(prometheus.PromQueryFormat.Heatmap);
  if (query.kind === "histogram") return built.instant().format(prometheus.PromQueryFormat.Heatmap);
  if (query.kind === "now") return built.instant().format(prometheus.PromQueryFormat.TimeSeries);
  return built.range().format(prometheus.PromQueryFormat.TimeSeries);
}

// What the builders of all kinds have; the SDK names no type for it.
type Common = Pick<
  stats.PanelBuilder,
  | "id" | "title" | "description" | "datasource" | "span" | "height" | "targets" | "unit" | "decimals" | "min" | "max"
  | "noValue" | "mappings" | "thresholds" | "colorScheme" | "dataLinks" | "overrides" | "interval" | "repeat"
  | "repeatDirection" | "maxPerRow" | "maxDataPoints" | "transformations"
>;
type Chainable<T> = { [K in keyof T]: T[K] extends (...args: infer A) => unknown ? (...args: A) => unknown : never };

export function thresholds(steps: Step[]): dashboard.ThresholdsConfigBuilder {
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps(steps.map(({ from, color }) => ({ value: from, color })));
}

export const color = (mode: dashboard.FieldColorModeId, fixed?: string) => {
  const built = new dashboard.FieldColorBuilder().mode(mode);
  return fixed ? built.fixedColor(fixed) : built;
};

function overrides(spec: Spec) {
  const fixed = Object.entries(spec.colors ?? {}).map(([name, fixedColor]) => ({
    name,
    properties: { color: { mode: "fixed", fixedColor } } as Record<string, unknown>,
  }));
  return [...fixed, ...(spec.overrides ?? [])].map((one: Override) => ({
    matcher: one.regexp ? { id: "byRegexp", options: one.regexp } : { id: "byName", options: one.name },
    properties: Object.entries(one.properties).map(([id, value]) => ({ id, value })),
  }));
}

function finish<B extends Chainable<Common>>(builder: B, spec: Spec): B {
  builder.id(spec.id);
  builder.title(spec.title);
  builder.description(spec.description);
  builder.datasource(DATASOURCE);
  builder.span(spec.w);
  builder.height(spec.h);
  builder.targets(spec.queries.map(target));
  if (spec.unit) builder.unit(spec.unit);
  if (spec.decimals !== undefined) builder.decimals(spec.decimals);
  if (spec.min !== undefined) builder.min(spec.min);
  if (spec.max !== undefined) builder.max(spec.max);
  if (spec.noValue) builder.noValue(spec.noValue);
  if (spec.mappings) builder.mappings(spec.mappings);
  if (spec.steps) builder.thresholds(thresholds(spec.steps));
  if (spec.interval) builder.interval(spec.interval);
  if (spec.cells) builder.maxDataPoints(spec.cells);
  if (spec.transformations) builder.transformations(spec.transformations);
  // A data link is a title and an address; the SDK's builder is the one of dashboard links.
  if (spec.links) builder.dataLinks(spec.links.map((link) => ({ build: () => link as dashboard.DashboardLink })));
  const fields = overrides(spec);
  if (fields.length) builder.overrides(fields);
  if (spec.repeat) {
    builder.repeat(spec.repeat);
    builder.repeatDirection("h");
    builder.maxPerRow(2);
  }
  exempt(spec);
  return builder;
}

interface Exception {
  board: string;
  panel: string;
  index: number;
  rule: string;
  reason: string;
}

// The panels are made while their dashboard is, so the exceptions of a dashboard are those noted since the last one.
const noted: Exception[] = [];

function exempt(spec: Spec) {
  spec.queries.forEach((query, index) => {
    for (const [rule, reason] of Object.entries(query.exempt ?? {})) {
      noted.push({ board: "", panel: spec.title, index, rule, reason });
    }
  });
}

/** Says to which dashboard the panels belong that were made since the last call. */
export function belongTo(board: string) {
  for (const one of noted) one.board ||= board;
}

/** What the queries may break of the linter's rules. */
export const exceptions = (): readonly Exception[] => noted;

const last = () => new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]).values(false).fields("");

export interface StatSpec extends Spec {
  text?: "value" | "both";
  /** Text without a coloured background. */
  plain?: boolean;
  /** Shows this label of a query of rows instead of a number, under the name that the other labels make. */
  label?: string;
  /** The colour of `noValue`, where to have nothing is the answer. */
  none?: string;
}

export function stat(spec: StatSpec): Panel {
  const absent: dashboard.ValueMapping = {
    type: dashboard.MappingType.SpecialValue,
    options: {
      match: dashboard.SpecialValueMatch.Null,
      result: { text: spec.noValue, color: spec.none ?? GREY, index: 99 },
    },
  };
  return finish(new stats.PanelBuilder(), {
    steps: [{ from: null, color: CLEAR }],
    ...spec,
    mappings: [...(spec.mappings ?? []), absent],
    // A row is named by its other texts, and by the field only if there is a number beside it.
    ...(spec.label ? { transformations: [ONLY_LABELS] } : {}),
  })
    .colorScheme(color(dashboard.FieldColorModeId.Thresholds))
    .colorMode(spec.plain ? common.BigValueColorMode.None : common.BigValueColorMode.BackgroundSolid)
    .graphMode(common.BigValueGraphMode.None)
    .justifyMode(common.BigValueJustifyMode.Auto)
    .textMode(
      spec.text === "both"
        ? common.BigValueTextMode.ValueAndName
        : spec.text
          ? common.BigValueTextMode.Value
          : common.BigValueTextMode.Auto,
    )
    .orientation(common.VizOrientation.Auto)
    .wideLayout(true)
    .showPercentChange(false)
    .percentChangeColorMode(common.PercentChangeColorMode.Standard)
    .reduceOptions(spec.label ? last().values(true).fields(`/^${spec.label}$/`) : last());
}

const ONLY_LABELS = { id: "organize", options: { excludeByName: { Time: true, Value: true }, indexByName: {}, renameByName: {} } };

const hiddenLegend = () =>
  new common.VizLegendOptionsBuilder()
    .showLegend(false)
    .displayMode(common.LegendDisplayMode.List)
    .placement(common.LegendPlacement.Bottom)
    .calcs([]);

const tooltip = (mode: common.TooltipDisplayMode) =>
  new common.VizTooltipOptionsBuilder().mode(mode).sort(common.SortOrder.Descending);

/** Lanes of states over time. The colours are those of the mappings. */
export function timeline(spec: Spec): Panel {
  return finish(new statetimeline.PanelBuilder(), { steps: [{ from: null, color: CLEAR }], ...spec })
    // Merged values with colours from thresholds would lose their mappings.
    .colorScheme(color(dashboard.FieldColorModeId.Fixed, GREY))
    .legend(hiddenLegend())
    .tooltip(tooltip(common.TooltipDisplayMode.Single))
    .mergeValues(true)
    .alignValue(common.TimelineValueAlignment.Left)
    .showValue(common.VisibilityMode.Auto)
    .rowHeight(0.85)
    .fillOpacity(100)
    .lineWidth(0)
    .axisPlacement(common.AxisPlacement.Auto);
}

/** A matrix: a row a series, a cell an interval. */
export function matrix(spec: Spec): Panel {
  return finish(new statushistory.PanelBuilder(), { steps: [{ from: null, color: CLEAR }], ...spec })
    .colorScheme(color(dashboard.FieldColorModeId.Thresholds))
    .legend(hiddenLegend())
    .tooltip(tooltip(common.TooltipDisplayMode.Single))
    .showValue(common.VisibilityMode.Never)
    .rowHeight(0.85)
    .colWidth(0.95)
    .fillOpacity(100)
    .lineWidth(0)
    .axisPlacement(common.AxisPlacement.Auto);
}

function legend(calcs: string[]) {
  return new common.VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(common.LegendDisplayMode.List)
    .placement(common.LegendPlacement.Bottom)
    .calcs(calcs);
}

export interface LineSpec extends Spec {
  /** The axis begins here, or lower if there is something lower. */
  softMin?: number;
  stack?: boolean;
  fill?: number;
  calcs?: string[];
  /** Draws the thresholds as lines. */
  limits?: boolean;
  /** Shows nothing but trouble: every series is a shade of red. */
  trouble?: boolean;
  /** Bars begin at their time, and do not stand around it. */
  after?: boolean;
}

export function lines(spec: LineSpec): Panel {
  return drawn(spec)
    .drawStyle(common.GraphDrawStyle.Line)
    .lineInterpolation(common.LineInterpolation.Linear)
    .lineWidth(2)
    .fillOpacity(spec.fill ?? (spec.stack ? 40 : 0))
    .showPoints(common.VisibilityMode.Never);
}

export function bars(spec: LineSpec): Panel {
  return drawn({ stack: true, ...spec })
    .drawStyle(common.GraphDrawStyle.Bars)
    .lineWidth(0)
    .fillOpacity(80)
    .showPoints(common.VisibilityMode.Never)
    .barAlignment(spec.after ? common.BarAlignment.After : common.BarAlignment.Center);
}

function drawn(spec: LineSpec): timeseries.PanelBuilder {
  const built = finish(new timeseries.PanelBuilder(), {
    ...(spec.softMin === undefined ? { min: 0 } : {}),
    steps: [{ from: null, color: CLEAR }],
    ...spec,
  })
    .colorScheme(
      spec.trouble ? color(dashboard.FieldColorModeId.Shades, RED) : color(dashboard.FieldColorModeId.PaletteClassic),
    )
    .legend(legend(spec.calcs ?? []))
    .tooltip(tooltip(common.TooltipDisplayMode.Multi))
    .spanNulls(false)
    .axisPlacement(common.AxisPlacement.Auto)
    .stacking(
      new common.StackingConfigBuilder()
        .mode(spec.stack ? common.StackingMode.Normal : common.StackingMode.None)
        .group("A"),
    );
  if (spec.softMin !== undefined) built.axisSoftMin(spec.softMin);
  return spec.limits
    ? built.thresholdsStyle(
        new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed),
      )
    : built;
}

export interface Column {
  /** The field: a label, or the `ref` of a query. */
  field: string;
  title: string;
  properties?: Record<string, unknown>;
}

export interface TableSpec extends Omit<Spec, "overrides"> {
  columns: Column[];
  /** Labels that are no column. */
  hide?: string[];
  sortBy?: string;
  ascending?: boolean;
}

/** A table: a row a set of labels, a column a label or a query. */
export function table(spec: TableSpec): Panel {
  const refs = new Set(spec.queries.map((query) => query.ref));
  const only = spec.queries.length === 1;
  const field = (name: string) => (refs.has(name) ? (only ? "Value" : `Value #${name}`) : name);
  const shown = spec.columns.map((column) => field(column.field));
  const organize = {
    indexByName: Object.fromEntries(shown.map((name, index) => [name, index])),
    renameByName: Object.fromEntries(spec.columns.map((column) => [field(column.field), column.title])),
    excludeByName: Object.fromEntries(["Time", ...(spec.hide ?? [])].map((name) => [name, true])),
  };
  const hidden = spec.queries.map((query) => field(query.ref ?? "")).filter((name) => !shown.includes(name));
  hidden.forEach((name) => Object.assign(organize.excludeByName, { [name]: true }));
  const built = finish(new tables.PanelBuilder(), {
    steps: [{ from: null, color: CLEAR }],
    ...spec,
    transformations: [
      ...(only ? [] : [{ id: "merge", options: {} }]),
      ...(spec.transformations ?? []),
      { id: "organize", options: organize },
    ],
    overrides: spec.columns
      .filter((column) => column.properties)
      .map((column) => ({ name: column.title, properties: column.properties ?? {} })),
  })
    .colorScheme(color(dashboard.FieldColorModeId.Thresholds))
    .showHeader(true)
    .cellHeight(common.TableCellHeight.Sm)
    .align(common.FieldTextAlignment.Auto)
    .filterable(false);
  if (!spec.sortBy) return built;
  return built.sortBy([new common.TableSortByFieldStateBuilder().displayName(spec.sortBy).desc(!spec.ascending)]);
}

/** Properties of a column whose background is the colour of its thresholds. */
export function coloured(steps: Step[]): Record<string, unknown> {
  return {
    "custom.cellOptions": { type: "color-background", mode: "basic" },
    thresholds: { mode: "absolute", steps: steps.map(({ from, color }) => ({ value: from, color })) },
  };
}

export function mapped(map: Record<string, string>): Record<string, unknown> {
  const shown = Object.fromEntries(Object.entries(map).map(([name, hue]) => [name, { text: name, color: hue }]));
  return { "custom.cellOptions": { type: "color-background", mode: "basic" }, mappings: [values(shown)] };
}

export function gauges(spec: Spec): Panel {
  return finish(new bargauge.PanelBuilder(), { min: 0, steps: [{ from: null, color: CLEAR }], ...spec })
    .colorScheme(color(dashboard.FieldColorModeId.Thresholds))
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .valueMode(common.BarGaugeValueMode.Text)
    .namePlacement(common.BarGaugeNamePlacement.Auto)
    .orientation(common.VizOrientation.Horizontal)
    .sizing(common.BarGaugeSizing.Auto)
    .showUnfilled(true)
    .minVizWidth(8)
    .minVizHeight(16)
    .maxVizHeight(300)
    .legend(hiddenLegend())
    .reduceOptions(last());
}

/** How often which duration: brighter is more often. */
export function heat(spec: Spec): Panel {
  return finish(new heatmaps.PanelBuilder(), spec)
    .calculate(false)
    .cellGap(1)
    .color(
      new heatmaps.HeatmapColorOptionsBuilder()
        .mode(heatmaps.HeatmapColorMode.Scheme)
        .scheme("Cividis")
        .fill("dark-blue")
        .exponent(0.5)
        .steps(64)
        .reverse(false),
    )
    .filterValues(new heatmaps.FilterValueRangeBuilder().le(1e-9))
    .rowsFrame(new heatmaps.RowsHeatmapOptionsBuilder().layout(common.HeatmapCellLayout.Auto))
    .showValue(common.VisibilityMode.Never)
    .yAxis(
      new heatmaps.YAxisConfigBuilder()
        .unit(spec.unit ?? "s")
        .axisPlacement(common.AxisPlacement.Left)
        .reverse(false),
    )
    .cellValues(new heatmaps.CellValuesBuilder().unit("short").decimals(1))
    .showLegend()
    .tooltip(new heatmaps.HeatmapTooltipBuilder().mode(common.TooltipDisplayMode.Single).yHistogram(false).showColorScale(true));
}
