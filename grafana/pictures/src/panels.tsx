// One panel: its frame is Grafana's, and so is its inside where a package has it.
import {
  colorManipulator,
  DataFrame,
  dateTime,
  FieldDisplay,
  formattedValueToString,
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  GrafanaTheme2,
  renderMarkdown,
  TimeRange,
} from '@grafana/data';
import { BarGauge, BigValue, PanelChrome, TimeSeries, UPlotConfigBuilder, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { type JSX, ReactNode, useLayoutEffect } from 'react';
import { BarChart, Dial, Heatmap } from './charts';
import { fill, Input, Placed, Scope, Variable } from './expand';
import { values } from './fields';
import { Lanes } from './lanes';
import { Mark, report } from './query';

const { alpha } = colorManipulator;

export interface View {
  panel: any;
  scope: Scope;
  frames: DataFrame[];
  marks: Mark[];
  width: number;
  height: number;
  theme: GrafanaTheme2;
  input: Input;
  variables: Variable[];
}

export const rangeOf = (input: Input): TimeRange => {
  const [from, to] = [dateTime(input.from), dateTime(input.to)];
  return { from, to, raw: { from, to } };
};

function MarkLines({ builder, marks }: { builder: UPlotConfigBuilder; marks: Mark[] }) {
  useLayoutEffect(() => {
    builder.addHook('draw', (plot: any) => {
      const { ctx, bbox } = plot;
      ctx.save();
      ctx.setLineDash([4, 4]);
      for (const mark of marks) {
        const left = Math.max(bbox.left, plot.valToPos(mark.from, 'x', true));
        const right = plot.valToPos(mark.to, 'x', true);
        ctx.fillStyle = alpha(mark.color, 0.1);
        ctx.fillRect(left, bbox.top, right - left, bbox.height);
        ctx.strokeStyle = mark.color;
        for (const x of right > left ? [left, right] : [left]) {
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
        }
      }
      ctx.restore();
    });
  }, [builder, marks]);
  return null;
}

function Lines({ view }: { view: View }) {
  const { panel, frames, width, height, input, marks } = view;
  const legend = { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [], ...panel.options?.legend };
  return (
    <TimeSeries frames={frames} width={width} height={height} timeRange={rangeOf(input)} timeZone="utc" legend={legend}>
      {(builder) => {
        builder.setPadding([null, 20, null, null]);
        return <MarkLines builder={builder} marks={marks} />;
      }}
    </TimeSeries>
  );
}

function displays(view: View, sparkline: boolean): FieldDisplay[] {
  const { panel, frames, theme, variables, scope } = view;
  return getFieldDisplayValues({
    fieldConfig: { defaults: {}, overrides: [], ...panel.fieldConfig },
    reduceOptions: { calcs: ['lastNotNull'], values: false, fields: '', ...panel.options?.reduceOptions },
    replaceVariables: (text) => fill(text, variables, scope, 'text'),
    theme,
    data: frames,
    sparkline,
    timeZone: 'utc',
  });
}

function Repeated({ view, sparkline, inside, grid }: { view: View; sparkline: boolean; grid: boolean; inside: (props: any, options: any) => JSX.Element }) {
  const options = view.panel.options ?? {};
  return (
    <VizRepeater
      getValues={() => displays(view, sparkline)}
      getAlignmentFactors={(all: FieldDisplay[]) => getDisplayValueAlignmentFactors(all)}
      renderValue={(props: any) => inside(props, options)}
      width={view.width}
      height={view.height}
      source={view.frames}
      renderCounter={0}
      autoGrid={grid}
      itemSpacing={grid ? 3 : 8}
      minVizWidth={options.minVizWidth}
      minVizHeight={options.minVizHeight}
      maxVizHeight={options.maxVizHeight}
      orientation={options.orientation ?? 'auto'}
    />
  );
}

function Stat({ view }: { view: View }) {
  const inside = ({ value, alignmentFactors, count, width, height }: any, options: any) => (
    <BigValue
      value={value.display}
      count={count}
      sparkline={options.graphMode === 'none' ? undefined : value.sparkline}
      colorMode={options.colorMode ?? 'value'}
      graphMode={options.graphMode ?? 'area'}
      justifyMode={options.justifyMode ?? 'auto'}
      textMode={textMode(options.textMode, view)}
      alignmentFactors={alignmentFactors}
      text={options.text}
      width={width}
      height={height}
      theme={view.theme}
      disableWideLayout={options.wideLayout === false}
    />
  );
  return <Repeated view={view} sparkline={view.panel.options?.graphMode !== 'none'} grid inside={inside} />;
}

function textMode(mode: string | undefined, view: View): any {
  const single = displays(view, false).length === 1;
  return (mode ?? 'auto') === 'auto' && single ? 'value' : (mode ?? 'auto');
}

function Bars({ view }: { view: View }) {
  const inside = ({ value, alignmentFactors, orientation, width, height }: any, options: any) => (
    <BarGauge
      value={value.display}
      field={value.field}
      display={value.view?.getFieldDisplayProcessor(value.colIndex)}
      displayMode={options.displayMode ?? 'gradient'}
      showUnfilled={options.showUnfilled ?? true}
      valueDisplayMode={options.valueMode}
      namePlacement={options.namePlacement}
      text={options.text}
      alignmentFactors={alignmentFactors}
      orientation={orientation}
      width={width}
      height={height}
      itemSpacing={8}
      lcdCellWidth={8}
      theme={view.theme}
    />
  );
  return <Repeated view={view} sparkline={false} grid={false} inside={inside} />;
}

function Gauges({ view }: { view: View }) {
  const inside = ({ value, width, height }: any) => {
    const { min = 0, max = 100 } = value.field;
    return (
      <Dial
        share={(value.display.numeric - min) / (max - min)}
        text={formattedValueToString(value.display)}
        title={displays(view, false).length > 1 ? (value.display.title ?? '') : ''}
        color={value.display.color ?? view.theme.colors.text.primary}
        back={view.theme.colors.background.secondary}
        ink={view.theme.colors.text.primary}
        width={width}
        height={height}
      />
    );
  };
  return <Repeated view={view} sparkline={false} grid={false} inside={inside} />;
}

function Table({ view }: { view: View }) {
  const { panel, frames, width, height } = view;
  const options = panel.options ?? {};
  const shown = frames[options.frameIndex ?? 0];
  return (
    <TableNG
      data={shown}
      width={width}
      height={height}
      noHeader={options.showHeader === false}
      sortBy={options.sortBy}
      cellHeight={options.cellHeight}
      fieldConfig={{ defaults: {}, overrides: [], ...panel.fieldConfig }}
      timeRange={rangeOf(view.input)}
      getActions={() => []}
      showTypeIcons={options.showTypeIcons}
    />
  );
}

function Text({ view }: { view: View }) {
  const { content = '', mode } = view.panel.options ?? {};
  const text = fill(content, view.variables, view.scope, 'text');
  const html = mode === 'html' ? text : renderMarkdown(text);
  return <div style={{ height: view.height, overflow: 'hidden' }} dangerouslySetInnerHTML={{ __html: html }} />;
}

const kinds: Record<string, (props: { view: View }) => ReactNode> = {
  timeseries: Lines,
  stat: Stat,
  bargauge: Bars,
  gauge: Gauges,
  table: Table,
  heatmap: Heatmap,
  barchart: BarChart,
  text: Text,
  'state-timeline': ({ view }) => <Lanes view={view} history={false} />,
  'status-history': ({ view }) => <Lanes view={view} history />,
};

const bare = ['stat', 'bargauge', 'gauge', 'text'];

export function Panel({ placed, view }: { placed: Placed; view: Omit<View, 'width' | 'height'> & { outer: { width: number; height: number } } }) {
  const { panel } = placed;
  const Kind = kinds[panel.type];
  if (!Kind) {
    report.errors.push(`panel "${panel.title}": this program does not draw ${panel.type}`);
  }
  const noData = !view.frames.some((frame) => frame.length > 0 && values(frame).length > 0);
  const text = (one: string) => fill(one, view.variables, placed.scope, 'text');
  return (
    <PanelChrome
      title={text(panel.title ?? '')}
      description={panel.description ? text(panel.description) : undefined}
      width={view.outer.width}
      height={view.outer.height}
      displayMode={panel.transparent ? 'transparent' : 'default'}
      padding="md"
    >
      {(width, height) => {
        const inner: View = { ...view, width, height };
        if (noData && !bare.includes(panel.type)) {
          return (
            <div style={{ width, height, display: 'flex', alignItems: 'center', justifyContent: 'center', color: view.theme.colors.text.secondary }}>
              {panel.fieldConfig?.defaults?.noValue ?? 'No data'}
            </div>
          );
        }
        return Kind ? <Kind view={inner} /> : null;
      }}
    </PanelChrome>
  );
}
