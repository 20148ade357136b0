// The time axis of the panels drawn by hand, and the room around a plot.
import { GrafanaTheme2 } from '@grafana/data';
import { Mark } from './query';

export interface Plot {
  left: number;
  top: number;
  width: number;
  height: number;
  from: number;
  to: number;
}

const m = 60_000;
const h = 60 * m;
const d = 24 * h;
const spacings = [m, 2 * m, 5 * m, 10 * m, 15 * m, 30 * m, h, 2 * h, 3 * h, 4 * h, 6 * h, 8 * h, 12 * h, d, 2 * d, 3 * d, 4 * d, 5 * d, 7 * d, 10 * d, 15 * d, 30 * d];

export const across = (plot: Plot, time: number) => plot.left + ((time - plot.from) / (plot.to - plot.from)) * plot.width;

function label(time: number, spacing: number, range: number): string {
  const iso = new Date(time).toISOString();
  const day = `${iso.slice(5, 7)}/${iso.slice(8, 10)}`;
  if (spacing >= d) {
    return day;
  }
  return range > 1.2 * d ? `${day} ${iso.slice(11, 16)}` : iso.slice(11, 16);
}

export function TimeAxis({ plot, theme }: { plot: Plot; theme: GrafanaTheme2 }) {
  const range = plot.to - plot.from;
  const room = range > 1.2 * d ? 80 : 50;
  const spacing = spacings.find((one) => (one / range) * plot.width >= room) ?? 30 * d;
  const ticks = [];
  for (let time = Math.ceil(plot.from / spacing) * spacing; time <= plot.to; time += spacing) {
    ticks.push(time);
  }
  const bottom = plot.top + plot.height;
  const edge = plot.left + plot.width + 16;
  return (
    <g>
      {ticks.map((time) => {
        const x = across(plot, time);
        const text = label(time, spacing, range);
        const inside = Math.min(x, edge - measure(text) / 2);
        return (
          <g key={time}>
            <line x1={x} x2={x} y1={plot.top} y2={bottom} stroke={theme.colors.border.weak} />
            <text x={inside} y={bottom + 16} textAnchor="middle" fontSize={12} fill={theme.colors.text.primary}>
              {text}
            </text>
          </g>
        );
      })}
    </g>
  );
}

// An annotation is a dashed line; one that lasts is a shade between two.
export function Marks({ plot, marks }: { plot: Plot; marks: Mark[] }) {
  const bottom = plot.top + plot.height;
  return (
    <g>
      {marks.map((mark, at) => {
        const [left, right] = [Math.max(plot.left, across(plot, mark.from)), across(plot, mark.to)];
        const line = (x: number) => <line x1={x} x2={x} y1={plot.top} y2={bottom} stroke={mark.color} strokeDasharray="3 3" />;
        return (
          <g key={at}>
            <rect x={left} y={plot.top} width={Math.max(0, right - left)} height={plot.height} fill={mark.color} fillOpacity={0.1} />
            {line(left)}
            {right > left && line(right)}
          </g>
        );
      })}
    </g>
  );
}

const ruler = document.createElement('canvas').getContext('2d') as CanvasRenderingContext2D;

export function measure(text: string, size = 12, weight = 400): number {
  ruler.font = `${weight} ${size}px Inter, Helvetica, Arial, sans-serif`;
  return ruler.measureText(text).width;
}
