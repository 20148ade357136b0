// State timeline and status history, by hand: Grafana keeps both in its application, in no package.
import { DataFrame, DisplayValue, FieldType, getFieldDisplayName, GrafanaTheme2 } from '@grafana/data';
import { VizLegend } from '@grafana/ui';
import { across, Marks, measure, Plot, TimeAxis } from './axis';
import { values, times } from './fields';
import { View } from './panels';

interface Piece {
  from: number;
  to: number;
  value: DisplayValue;
}

// Where values are merged and the colour comes from thresholds, Grafana merges by the steps and never looks at the mappings.
function byStep(raw: number, steps: Array<{ value: number; color: string }>, theme: GrafanaTheme2): DisplayValue {
  const at = steps.findLastIndex((step) => raw >= step.value);
  const first = at === 0 && steps.length > 1;
  const text = first ? `< ${steps[1].value}` : `${steps[at].value}+`;
  return { numeric: raw, text, color: theme.visualization.getColorByName(steps[at].color) };
}

interface Lane {
  name: string;
  pieces: Piece[];
}

function stepOf(frame: DataFrame): number {
  const time = times(frame);
  const known = time?.config.interval;
  const gaps = (time?.values ?? []).slice(1).map((one: number, at: number) => one - time?.values[at]);
  return known ?? Math.min(...gaps, 86_400_000);
}

function lanesOf(frames: DataFrame[], merged: boolean, to: number, theme: GrafanaTheme2): Lane[] {
  return frames.flatMap((frame) => {
    const time = times(frame);
    const step = stepOf(frame);
    return values(frame)
      .filter((field) => time && [FieldType.number, FieldType.string, FieldType.boolean].includes(field.type))
      .map((field) => {
        const pieces: Piece[] = [];
        field.values.forEach((raw: any, at: number) => {
          if (raw === null || raw === undefined || !field.display) {
            return;
          }
          const from = time?.values[at];
          const next = time?.values[at + 1] ?? to;
          const end = next - from <= 1.5 * step ? next : from + step;
          const stepped = merged && field.type === FieldType.number && field.config.color?.mode === 'thresholds';
          const value = stepped ? byStep(raw, field.config.thresholds?.steps ?? [], theme) : field.display(raw);
          const before = pieces[pieces.length - 1];
          if (merged && before && before.to >= from && before.value.text === value.text) {
            before.to = end;
          } else {
            pieces.push({ from, to: end, value });
          }
        });
        return { name: getFieldDisplayName(field, frame, frames), pieces };
      });
  });
}

function dark(color: string): boolean {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  return r * 0.299 + g * 0.587 + b * 0.114 < 150;
}

// Grafana's rule: the steps of thresholds, nothing for a continuous colour, else the states that are seen.
function legendOf(view: View, lanes: Lane[]): Array<{ label: string; color: string; yAxis: number }> {
  const mode = view.frames[0]?.fields[1]?.config.color?.mode ?? 'fixed';
  if (view.panel.options?.legend?.showLegend === false || mode.startsWith('continuous')) {
    return [];
  }
  const seen = new Map<string, string>();
  lanes.forEach((lane) => lane.pieces.forEach((piece) => seen.set(piece.value.text, piece.value.color ?? '')));
  return [...seen].filter(([text]) => text.length > 0).map(([label, color]) => ({ label, color, yAxis: 1 }));
}

export function Lanes({ view, history }: { view: View; history: boolean }) {
  const { panel, frames, width, height, theme, input } = view;
  const options = panel.options ?? {};
  const custom = panel.fieldConfig?.defaults?.custom ?? {};
  const lanes = lanesOf(frames, !history && options.mergeValues !== false, input.to, theme);
  const items = legendOf(view, lanes);
  const legend = items.length > 0 ? 28 : 0;
  const left = Math.min(width * 0.4, Math.max(...lanes.map((lane) => measure(lane.name)), 0) + 14);
  const plot: Plot = { left, top: 4, width: width - left - 16, height: height - legend - 26, from: input.from, to: input.to };
  const tall = plot.height / Math.max(1, lanes.length);
  const bar = tall * (options.rowHeight ?? 0.9);
  const opacity = (custom.fillOpacity ?? 70) / 100;
  return (
    <div>
      <svg width={width} height={height - legend} style={{ display: 'block' }}>
        <TimeAxis plot={plot} theme={theme} />
        {lanes.map((lane, at) => {
          const y = plot.top + at * tall + (tall - bar) / 2;
          return (
            <g key={at}>
              <text x={left - 8} y={y + bar / 2 + 4} textAnchor="end" fontSize={12} fill={theme.colors.text.primary}>
                {lane.name}
              </text>
              {lane.pieces.map((piece, index) => {
                const x = Math.max(plot.left, across(plot, piece.from));
                const gap = history ? (1 - (options.colWidth ?? 0.9)) * (across(plot, piece.to) - across(plot, piece.from)) : 0;
                const w = Math.max(0.5, Math.min(plot.left + plot.width, across(plot, piece.to)) - x - gap);
                const color = piece.value.color ?? '#888888';
                const text = `${piece.value.prefix ?? ''}${piece.value.text}${piece.value.suffix ?? ''}`;
                const fits = options.showValue !== 'never' && (options.showValue === 'always' || measure(text, 12, 500) + 6 < w) && bar > 14;
                const align = options.alignValue === 'center' || history ? 'middle' : options.alignValue === 'right' ? 'end' : 'start';
                const textX = align === 'middle' ? x + w / 2 : align === 'end' ? x + w - 4 : x + 4;
                return (
                  <g key={index}>
                    <rect x={x} y={y} width={w} height={bar} fill={color} fillOpacity={opacity} stroke={custom.lineWidth ? color : 'none'} />
                    {fits && (
                      <text x={textX} y={y + bar / 2 + 4} textAnchor={align} fontSize={12} fontWeight={500} fill={dark(color) ? '#ffffff' : '#000000'}>
                        {text}
                      </text>
                    )}
                  </g>
                );
              })}
            </g>
          );
        })}
        {!history && <Marks plot={plot} marks={view.marks} />}
      </svg>
      <div style={{ height: legend, overflow: 'hidden' }}>
        <VizLegend items={items} placement="bottom" displayMode={'list' as any} readonly />
      </div>
    </div>
  );
}
