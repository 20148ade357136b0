// Heatmap, bar chart and gauge by hand, in the look of Grafana's own.
import { DataFrame, FieldType, formattedValueToString, getDisplayProcessor, getFieldDisplayName } from '@grafana/data';
import { VizLegend } from '@grafana/ui';
import * as chromatic from 'd3-scale-chromatic';
import { across, Marks, measure, Plot, TimeAxis } from './axis';
import { times, values } from './fields';
import { View } from './panels';

type Shade = (share: number) => string;

const fromDark = ['Turbo', 'Cividis', 'Viridis', 'Magma', 'Inferno', 'Plasma', 'Warm', 'Cool', 'CubehelixDefault'];

function shadeOf(color: any, dark: boolean): Shade {
  if (color?.mode === 'opacity') {
    return (share) => color.fill + Math.round(255 * share).toString(16).padStart(2, '0');
  }
  const scheme = (chromatic as any)[`interpolate${color?.scheme ?? 'Oranges'}`] as Shade;
  // What is rare has the page's colour: Grafana turns a scheme round where it would not, and "reverse" turns it once more.
  const turned = fromDark.includes(color?.scheme) ? !dark : dark;
  return (share) => scheme(Boolean(color?.reverse) !== turned ? 1 - share : share);
}

export function Heatmap({ view }: { view: View }) {
  const { panel, frames, width, height, theme, input } = view;
  const frame = frames[0];
  const time = times(frame);
  const columns = values(frame);
  const most = Math.max(...columns.flatMap((field) => field.values.map((one: number) => one ?? 0)));
  const shade = shadeOf(panel.options?.color, theme.isDark);
  const power = panel.options?.color?.exponent ?? 0.5;
  const unit = getDisplayProcessor({
    field: { type: FieldType.number, config: { unit: panel.options?.yAxis?.unit, decimals: panel.options?.yAxis?.decimals } },
    theme,
  });
  const names = columns.map((field) => (Number.isFinite(Number(field.name)) ? formattedValueToString(unit(Number(field.name))) : field.name));
  const left = Math.max(...names.map((name) => measure(name))) + 14;
  const plot: Plot = { left, top: 10, width: width - left - 16, height: height - 36, from: input.from, to: input.to };
  const tall = plot.height / columns.length;
  const every = Math.ceil(16 / tall);
  const step = time?.config.interval ?? 60_000;
  return (
    <svg width={width} height={height}>
      <TimeAxis plot={plot} theme={theme} />
      {columns.map((field, at) => {
        const y = plot.top + plot.height - (at + 1) * tall;
        return (
          <g key={at}>
            {at % every === 0 && (
              <text x={left - 8} y={y + 4} textAnchor="end" fontSize={12} fill={theme.colors.text.primary}>
                {names[at]}
              </text>
            )}
            {field.values.map((value: number | null, row: number) => {
              const x = Math.max(plot.left, across(plot, time?.values[row] - step));
              const w = across(plot, time?.values[row]) - x;
              return value && w > 0 ? (
                <rect key={row} x={x} y={y + 0.5} width={Math.max(0.5, w - 1)} height={tall - 1} fill={shade(Math.pow(value / most, power))} />
              ) : null;
            })}
          </g>
        );
      })}
      <Marks plot={plot} marks={view.marks} />
    </svg>
  );
}

function categories(frame: DataFrame): string[] {
  const named = frame.fields.find((field) => field.type === FieldType.string) ?? times(frame);
  return (named?.values ?? []).map((value: any) => {
    const shown = named?.display?.(value);
    return shown ? formattedValueToString(shown) : String(value);
  });
}

export function BarChart({ view }: { view: View }) {
  const { panel, frames, width, height, theme } = view;
  const options = panel.options ?? {};
  const frame = frames[0];
  const names = categories(frame);
  const bars = frame.fields.filter((field) => field.type === FieldType.number);
  const lying = options.orientation === 'horizontal' || (options.orientation !== 'vertical' && width < height);
  const stacked = options.stacking && options.stacking !== 'none';
  const sums = names.map((_, row) => bars.reduce((sum, field) => sum + (field.values[row] ?? 0), 0));
  const percent = options.stacking === 'percent';
  const of = (value: number, row: number) => (percent ? value / (sums[row] || 1) : value);
  const first = bars[0]?.config ?? {};
  const reach = stacked ? sums.map((sum, row) => of(sum, row)) : bars.flatMap((field) => field.values.map((one: number) => one ?? 0));
  const most = (first.max as number) ?? (Math.max(...reach, 0) || 1);
  const legendOn = options.legend?.showLegend !== false;
  const room = height - (legendOn ? 28 : 0);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => share * most);
  const tickText = (tick: number) => (percent ? `${Math.round(tick * 100)}%` : formattedValueToString(bars[0].display?.(tick) ?? { text: String(tick) }));
  const side = Math.max(...(lying ? names : ticks.map(tickText)).map((text) => measure(text)), 20) + 12;
  const left = Math.min(side, width * 0.4);
  const plot = { left, top: 8, width: width - left - 16, height: room - 34 };
  const slot = (lying ? plot.height : plot.width) / Math.max(1, names.length);
  const group = slot * (options.groupWidth ?? 0.7);
  const color = (at: number, row: number) =>
    bars[at].config.color?.mode === 'thresholds' ? (bars[at].display?.(bars[at].values[row]).color ?? '') : (bars[at].display?.(0).color ?? '');
  const every = Math.ceil((Math.max(...names.map((name) => measure(name)), 1) + 8) / slot);
  const items = bars.map((field, at) => ({ label: getFieldDisplayName(field, frame, frames), color: color(at, 0), yAxis: 1 }));
  return (
    <div>
      <svg width={width} height={room}>
        {ticks.map((tick) => {
          const at = lying ? plot.left + (tick / most) * plot.width : plot.top + plot.height - (tick / most) * plot.height;
          const text = tickText(tick);
          return lying ? (
            <g key={tick}>
              <line x1={at} x2={at} y1={plot.top} y2={plot.top + plot.height} stroke={theme.colors.border.weak} />
              <text x={at} y={plot.top + plot.height + 16} textAnchor="middle" fontSize={12} fill={theme.colors.text.primary}>{text}</text>
            </g>
          ) : (
            <g key={tick}>
              <line x1={plot.left} x2={plot.left + plot.width} y1={at} y2={at} stroke={theme.colors.border.weak} />
              <text x={plot.left - 8} y={at + 4} textAnchor="end" fontSize={12} fill={theme.colors.text.primary}>{text}</text>
            </g>
          );
        })}
        {names.map((name, row) => {
          let base = 0;
          const start = (lying ? plot.top : plot.left) + row * slot + (slot - group) / 2;
          return (
            <g key={row}>
              {bars.map((field, at) => {
                const value = of(field.values[row] ?? 0, row);
                const thick = stacked ? group : group / bars.length;
                const along = start + (stacked ? 0 : at * thick);
                const from = stacked ? base : 0;
                base += value;
                const size = (Math.min(value, most) / most) * (lying ? plot.width : plot.height);
                const offset = (from / most) * (lying ? plot.width : plot.height);
                const bar = lying
                  ? { x: plot.left + offset, y: along, width: size, height: thick - 1 }
                  : { x: along, y: plot.top + plot.height - offset - size, width: Math.max(1, thick - 1), height: size };
                return <rect key={at} {...bar} fill={color(at, row)} fillOpacity={0.85} />;
              })}
              {lying ? (
                <text x={plot.left - 8} y={start + group / 2 + 4} textAnchor="end" fontSize={12} fill={theme.colors.text.primary}>{name}</text>
              ) : (
                row % every === 0 && (
                  <text x={start + group / 2} y={plot.top + plot.height + 16} textAnchor="middle" fontSize={12} fill={theme.colors.text.primary}>{name}</text>
                )
              )}
            </g>
          );
        })}
      </svg>
      {legendOn && (
        <div style={{ height: 28, overflow: 'hidden' }}>
          <VizLegend items={items} placement="bottom" displayMode={'list' as any} readonly />
        </div>
      )}
    </div>
  );
}

interface DialProps {
  share: number;
  text: string;
  title: string;
  color: string;
  back: string;
  ink: string;
  width: number;
  height: number;
}

export function Dial({ share, text, title, color, back, ink, width, height }: DialProps) {
  const radius = Math.max(10, Math.min(width / 2, height - (title ? 40 : 16)) - 12);
  const [x, y] = [width / 2, radius + 12];
  const arc = (part: number) => {
    const angle = Math.PI * (1 - part);
    return `M ${x - radius} ${y} A ${radius} ${radius} 0 0 1 ${x + radius * Math.cos(angle)} ${y - radius * Math.sin(angle)}`;
  };
  return (
    <svg width={width} height={height}>
      <path d={arc(1)} fill="none" stroke={back} strokeWidth={radius / 4} />
      <path d={arc(Math.min(1, Math.max(0, share)))} fill="none" stroke={color} strokeWidth={radius / 4} />
      <text x={x} y={y} textAnchor="middle" fontSize={radius / 3} fontWeight={500} fill={color}>{text}</text>
      <text x={x} y={y + 24} textAnchor="middle" fontSize={14} fill={ink}>{title}</text>
    </svg>
  );
}
