// What Grafana does with a dashboard before it asks for data: variables, repeats, rows, intervals.

export interface Input {
  dashboard: any;
  from: number;
  to: number;
  theme: 'dark' | 'light';
  set: Record<string, string[]>;
  scrape: number;
  openRows: boolean;
  width: number;
}

export interface Variable {
  name: string;
  label: string;
  hide: number;
  wide: boolean;
  all: boolean;
  allValue?: string;
  options: string[];
  values: string[];
}

export type Scope = Record<string, string>;

const unit: Record<string, number> = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5, y: 31536e6 };

export function milliseconds(text: string | undefined): number {
  const found = /^(\d+)(ms|s|m|h|d|w|y)$/.exec(text ?? '');
  return found ? Number(found[1]) * unit[found[2]] : 0;
}

export function duration(ms: number): string {
  for (const name of ['d', 'h', 'm', 's']) {
    if (ms % unit[name] === 0) {
      return `${ms / unit[name]}${name}`;
    }
  }
  return `${ms}ms`;
}

// The steps to which Grafana rounds an interval: below the first number, the second.
const steps = [
  [10, 1], [15, 10], [35, 20], [75, 50], [150, 100], [350, 200], [750, 500], [1500, 1000], [3500, 2000], [7500, 5000],
  [12500, 10000], [17500, 15000], [25000, 20000], [45000, 30000], [90000, 60000], [210000, 120000], [450000, 300000],
  [750000, 600000], [1050000, 900000], [1500000, 1200000], [2700000, 1800000], [5400000, 3600000], [9000000, 7200000],
  [16200000, 10800000], [32400000, 21600000], [86400000, 43200000], [604800000, 86400000], [1814400000, 604800000],
  [3628800000, 2592000000],
];

export function interval(range: number, points: number, least: number): number {
  const exact = Math.max(range / points, range / 11000);
  const rounded = (steps.find(([below]) => exact < below) ?? [0, unit.y])[1];
  return Math.max(least, rounded);
}

export function builtin(range: number, step: number, scrape: number): Scope {
  return {
    __interval: duration(step),
    __interval_ms: String(step),
    __rate_interval: duration(Math.max(step + scrape, 4 * scrape)),
    __range: `${Math.round(range / 1000)}s`,
    __range_s: String(Math.round(range / 1000)),
    __range_ms: String(range),
  };
}

const escapeRegex = (value: string) => value.replace(/\\/g, '\\\\\\\\').replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&');

function inQuery(variable: Variable): string {
  if (!variable.wide) {
    return variable.values[0] ?? '';
  }
  if (variable.all && variable.allValue) {
    return variable.allValue;
  }
  const values = (variable.all ? variable.options : variable.values).map(escapeRegex);
  return values.length === 1 ? values[0] : `(${values.join('|')})`;
}

export const shown = (variable: Variable) => (variable.all ? 'All' : variable.values.join(' + '));

export function fill(text: string, variables: Variable[], scope: Scope, into: 'query' | 'text'): string {
  return text.replace(/\$(\w+)|\$\{(\w+)(?::\w+)?\}/g, (whole, bare, braced) => {
    const name = bare ?? braced;
    const variable = variables.find((one) => one.name === name);
    if (name in scope) {
      return into === 'query' && variable?.wide ? escapeRegex(scope[name]) : scope[name];
    }
    if (!variable) {
      return whole;
    }
    return into === 'query' ? inQuery(variable) : shown(variable);
  });
}

export interface Placed {
  panel: any;
  scope: Scope;
  x: number;
  y: number;
  w: number;
  h: number;
}

const bottomOf = (panels: any[]) => Math.max(0, ...panels.map((panel) => panel.gridPos.y + panel.gridPos.h));

function valuesOf(name: string | undefined, variables: Variable[]): string[] | undefined {
  const variable = variables.find((one) => one.name === name);
  return variable && (variable.all ? variable.options : variable.values);
}

// A panel that repeats takes the place of one: side by side, or one under the other.
function repeated(panel: any, variables: Variable[], scope: Scope, y: number): Placed[] {
  const { x, w, h } = panel.gridPos;
  const values = valuesOf(panel.repeat, variables);
  if (!values) {
    return [{ panel, scope, x, y, w, h }];
  }
  if (panel.repeatDirection === 'v') {
    return values.map((value, at) => ({ panel, scope: { ...scope, [panel.repeat]: value }, x, y: y + at * h, w, h }));
  }
  const inRow = Math.max(1, Math.min(values.length, panel.maxPerRow ?? 4));
  const wide = 24 / inRow;
  return values.map((value, at) => ({
    panel,
    scope: { ...scope, [panel.repeat]: value },
    x: wide * (at % inRow),
    y: y + Math.floor(at / inRow) * h,
    w: wide,
    h,
  }));
}

// Lays the panels of one stretch (before the first row, or of one row) from `top` on; returns where it ends.
function lay(panels: any[], variables: Variable[], scope: Scope, top: number, out: Placed[], faults: string[]): number {
  if (panels.length === 0) {
    return top;
  }
  const first = Math.min(...panels.map((panel) => panel.gridPos.y));
  const sideways = panels.filter((panel) => panel.repeat && panel.repeatDirection !== 'v');
  for (const { id, gridPos, title } of sideways) {
    const beside = panels.find((one) => one.id !== id && one.gridPos.y < gridPos.y + gridPos.h && gridPos.y < one.gridPos.y + one.gridPos.h);
    if (beside) {
      faults.push(`panel "${title}" repeats sideways, so it needs its lines of the grid for itself; "${beside.title}" is there too`);
    }
  }
  let pushed = 0;
  let end = top;
  for (const panel of [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x)) {
    const placed = repeated(panel, variables, scope, panel.gridPos.y - first + top + pushed);
    const bottom = Math.max(...placed.map((one) => one.y + one.h));
    pushed += bottom - (placed[0].y + panel.gridPos.h);
    end = Math.max(end, bottom);
    out.push(...placed);
  }
  return end;
}

export function place(input: Input, variables: Variable[], faults: string[]): Placed[] {
  const out: Placed[] = [];
  const stretches: Array<{ row?: any; panels: any[] }> = [{ panels: [] }];
  for (const panel of input.dashboard.panels) {
    if (panel.type === 'row') {
      stretches.push({ row: panel, panels: [...(panel.panels ?? [])] });
    } else {
      stretches[stretches.length - 1].panels.push(panel);
    }
  }
  let top = 0;
  for (const { row, panels } of stretches) {
    for (const value of (row && valuesOf(row.repeat, variables)) ?? [undefined]) {
      const scope: Scope = value === undefined ? {} : { [row.repeat]: value };
      if (!row) {
        top = lay(panels, variables, scope, top, out, faults);
        continue;
      }
      const open = !row.collapsed || input.openRows;
      out.push({ panel: { ...row, collapsed: !open }, scope, x: 0, y: top, w: 24, h: 1 });
      top = open ? lay(panels, variables, scope, top + 1, out, faults) : top + 1;
    }
  }
  return out;
}

export const heightOf = (placed: Placed[]) => bottomOf(placed.map((one) => ({ gridPos: one })));
