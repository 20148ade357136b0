// Asks the Prometheus behind the loopback server, and makes Grafana's data frames of its answers.
import { DataFrame, FieldType } from '@grafana/data';
import { builtin, fill, Input, interval, milliseconds, Scope, Variable } from './expand';

export const report = { errors: [] as string[], empty: [] as string[], queries: 0, panels: 0 };

async function ask(path: string, parameters: Record<string, string>, what: string): Promise<any> {
  report.queries += 1;
  const answer = await fetch(`/prometheus/api/v1/${path}?${new URLSearchParams(parameters)}`);
  const body = await answer.json();
  if (body.status !== 'success') {
    report.errors.push(`${what}: ${body.error}`);
    return undefined;
  }
  return body.data;
}

const byName = new Intl.Collator('en', { numeric: true }).compare;

async function labelValues(query: string, input: Input, what: string): Promise<string[]> {
  const span = { start: String(input.from / 1000), end: String(input.to / 1000) };
  const values = /^label_values\(\s*(?:([\s\S]+?)\s*,\s*)?([a-zA-Z_]\w*)\s*\)$/.exec(query.trim());
  if (values) {
    const match: Record<string, string> = values[1] ? { 'match[]': values[1] } : {};
    return (await ask(`label/${values[2]}/values`, { ...match, ...span }, what)) ?? [];
  }
  const result = /^query_result\(([\s\S]+)\)$/.exec(query.trim());
  if (result) {
    const data = await ask('query', { query: result[1], time: span.end }, what);
    return (data?.result ?? []).map((one: any) => {
      const { __name__: name = '', ...labels } = one.metric;
      const inside = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
      return `${name}{${inside.join(',')}} ${one.value[1]} ${one.value[0] * 1000}`;
    });
  }
  report.errors.push(`${what}: this program does not know the query ${query}`);
  return [];
}

function filtered(values: string[], regex: string | undefined): string[] {
  const found = /^\/(.*)\/(\w*)$/.exec(regex ?? '');
  if (!regex) {
    return values;
  }
  const pattern = found ? new RegExp(found[1], found[2].replace('g', '')) : new RegExp(`^${regex}$`);
  return values.flatMap((value) => {
    const match = pattern.exec(value);
    return match ? [match[1] ?? match[0]] : [];
  });
}

async function optionsOf(model: any, known: Variable[], input: Input): Promise<string[]> {
  const what = `variable ${model.name}`;
  const text = typeof model.query === 'string' ? model.query : (model.query?.query ?? '');
  if (model.type === 'query') {
    const scope = builtin(input.to - input.from, 60_000, input.scrape);
    const found = filtered(await labelValues(fill(text, known, scope, 'query'), input, what), model.regex);
    const unique = [...new Set(found)];
    return model.sort ? unique.sort(model.sort % 2 ? byName : (a, b) => byName(b, a)) : unique;
  }
  if (model.type === 'datasource') {
    return ['Prometheus'];
  }
  return model.type === 'textbox' || model.type === 'constant' ? [text] : text.split(',').map((one: string) => one.trim());
}

export async function variablesOf(input: Input): Promise<Variable[]> {
  const known: Variable[] = [];
  for (const model of input.dashboard.templating?.list ?? []) {
    const options = await optionsOf(model, known, input);
    const current = [model.current?.value ?? []].flat().map(String);
    const asked = input.set[model.name];
    const all = asked ? asked.includes('$__all') : model.includeAll && (current.length === 0 || current.includes('$__all'));
    const here = current.filter((value) => options.includes(value));
    known.push({
      name: model.name,
      label: model.label || model.name,
      hide: model.hide ?? 0,
      wide: Boolean(model.multi || model.includeAll),
      all: Boolean(all),
      allValue: model.allValue || undefined,
      options,
      values: asked ?? (here.length > 0 ? here : options.slice(0, 1)),
    });
  }
  return known;
}

function seriesName(labels: Record<string, string>, format: string | undefined, expr: string): string | undefined {
  const { __name__: name = '', ...rest } = labels;
  const pairs = Object.entries(rest).map(([key, value]) => `${key}="${value}"`);
  if (format === '__auto') {
    return pairs.length > 0 ? undefined : name || expr;
  }
  if (format) {
    return format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, key) => labels[key] ?? '');
  }
  return pairs.length > 0 || name ? `${name}{${pairs.join(', ')}}` : expr;
}

const number = (text: string) => {
  const value = Number(text);
  return Number.isNaN(value) ? null : value;
};

function seriesFrames(data: any, target: any, expr: string, step: number): DataFrame[] {
  return (data?.result ?? []).map((series: any) => {
    const points: Array<[number, string]> = data.resultType === 'matrix' ? series.values : [series.value];
    const name = seriesName(series.metric, target.legendFormat, expr);
    return {
      refId: target.refId,
      name,
      length: points.length,
      fields: [
        { name: 'Time', type: FieldType.time, config: { interval: step }, values: points.map(([time]) => time * 1000) },
        {
          name: 'Value',
          type: FieldType.number,
          labels: series.metric,
          config: name === undefined ? {} : { displayNameFromDS: name },
          values: points.map(([, value]) => number(value)),
        },
      ],
    };
  });
}

function tableFrame(data: any, target: any, several: boolean): DataFrame[] {
  const rows: Array<{ time: number; labels: any; value: number | null }> = [];
  for (const series of data?.result ?? []) {
    const points = data.resultType === 'matrix' ? series.values : [series.value];
    for (const [time, value] of points) {
      rows.push({ time: time * 1000, labels: series.metric, value: number(value) });
    }
  }
  const names = [...new Set(rows.flatMap((row) => Object.keys(row.labels).sort()))];
  if (rows.length === 0) {
    return [];
  }
  return [
    {
      refId: target.refId,
      length: rows.length,
      fields: [
        { name: 'Time', type: FieldType.time, config: {}, values: rows.map((row) => row.time) },
        ...names.map((name) => ({ name, type: FieldType.string, config: {}, values: rows.map((row) => row.labels[name] ?? '') })),
        { name: several ? `Value #${target.refId}` : 'Value', type: FieldType.number, config: {}, values: rows.map((row) => row.value) },
      ],
    },
  ];
}

// Cumulative buckets, one frame an `le`, become one frame with a column a bucket.
function bucketFrames(frames: DataFrame[]): DataFrame[] {
  const bound = (frame: DataFrame) => Number(frame.fields[1].labels?.le?.replace('+Inf', 'Infinity'));
  const sorted = [...frames].sort((a, b) => bound(a) - bound(b));
  const times = [...new Set(sorted.flatMap((frame) => frame.fields[0].values))].sort((a, b) => a - b);
  const columns = sorted.map((frame) => {
    const at = new Map(frame.fields[0].values.map((time, index) => [time, frame.fields[1].values[index]]));
    return times.map((time) => at.get(time) ?? null);
  });
  return [
    {
      length: times.length,
      fields: [
        { name: 'Time', type: FieldType.time, config: sorted[0].fields[0].config, values: times },
        ...sorted.map((frame, column) => ({
          name: String(frame.fields[1].labels?.le),
          type: FieldType.number,
          config: {},
          values: columns[column].map((value, row) =>
            value === null ? null : Math.max(0, value - (column > 0 ? (columns[column - 1][row] ?? 0) : 0))
          ),
        })),
      ],
    },
  ];
}

async function target(one: any, panel: any, several: boolean, variables: Variable[], scope: Scope, input: Input, width: number) {
  const range = input.to - input.from;
  const wanted = (one.interval || panel.interval || '').replace(/^[<>=]+/, '');
  const least = milliseconds(fill(wanted, variables, scope, 'text')) || input.scrape;
  const step = interval(range, panel.maxDataPoints ?? width, least) * (one.intervalFactor || 1);
  const expr = fill(one.expr, variables, { ...builtin(range, step, input.scrape), ...scope }, 'query');
  const what = `panel "${fill(panel.title ?? '', variables, scope, 'text')}" (${one.refId}): ${expr}`;
  const frames: DataFrame[] = [];
  const put = (data: any) => {
    frames.push(...(one.format === 'table' ? tableFrame(data, one, several) : seriesFrames(data, one, expr, step)));
  };
  if (one.range !== false && !(one.instant && !one.range)) {
    const ends = { start: Math.floor(input.from / step) * step, end: Math.floor(input.to / step) * step };
    put(await ask('query_range', { query: expr, start: String(ends.start / 1000), end: String(ends.end / 1000), step: String(step / 1000) }, what));
  }
  if (one.instant) {
    put(await ask('query', { query: expr, time: String(input.to / 1000) }, what));
  }
  if (frames.length === 0) {
    report.empty.push(what);
  }
  return one.format === 'heatmap' && frames.length > 0 ? bucketFrames(frames) : frames;
}

export async function ofPanel(panel: any, variables: Variable[], scope: Scope, input: Input, width: number): Promise<DataFrame[]> {
  const asked = (panel.targets ?? []).filter((one: any) => !one.hide && one.expr);
  const all = await Promise.all(asked.map((one: any) => target(one, panel, asked.length > 1, variables, scope, input, width)));
  return all.flat();
}

export interface Mark {
  from: number;
  to: number;
  color: string;
}

export async function annotations(input: Input, variables: Variable[]): Promise<Mark[]> {
  const marks: Mark[] = [];
  for (const one of input.dashboard.annotations?.list ?? []) {
    const text = one.expr ?? one.target?.expr;
    if (!text || one.enable === false) {
      continue;
    }
    // Grafana asks for as many points of an annotation as the window is wide.
    const range = input.to - input.from;
    const step = interval(range, input.width, milliseconds(one.step || one.target?.interval) || 60_000);
    const expr = fill(text, variables, builtin(range, step, input.scrape), 'query');
    const ends = { start: Math.floor(input.from / step) * step, end: Math.floor(input.to / step) * step };
    const what = `annotation "${one.name}": ${expr}`;
    const data = await ask('query_range', { query: expr, start: String(ends.start / 1000), end: String(ends.end / 1000), step: String(step / 1000) }, what);
    for (const series of data?.result ?? []) {
      let open: Mark | undefined;
      for (const [seconds, value] of series.values) {
        const time = one.useValueForTime ? Math.floor(Number(value)) : seconds * 1000;
        if (Number(value) <= 0) {
          continue;
        }
        if (open && open.to + step >= time) {
          open.to = time;
        } else {
          open = { from: time, to: time, color: one.iconColor ?? 'rgba(0, 211, 255, 1)' };
          marks.push(open);
        }
      }
    }
  }
  return marks.filter((mark) => mark.to >= input.from && mark.from <= input.to);
}
