// Transformations, field defaults and overrides, as a panel's model asks for them.
import {
  cacheFieldDisplayNames,
  DataFrame,
  Field,
  FieldType,
  fieldMatchers,
  getDisplayProcessor,
  GrafanaTheme2,
  standardTransformers,
  standardTransformersRegistry,
  transformDataFrame,
} from '@grafana/data';
import { firstValueFrom } from 'rxjs';
import { report } from './query';

standardTransformersRegistry.setInit(() =>
  [...new Map(Object.values(standardTransformers).map((one: any) => [one.id, one])).values()].map((one) => ({
    id: one.id,
    name: one.name,
    description: '',
    transformation: async () => one,
    editor: () => null,
    imageDark: '',
    imageLight: '',
  }))
);

export async function transformed(panel: any, frames: DataFrame[]): Promise<DataFrame[]> {
  const wanted = (panel.transformations ?? []).filter((one: any) => !one.disabled);
  for (const one of wanted) {
    if (!standardTransformersRegistry.getIfExists(one.id)) {
      report.errors.push(`panel "${panel.title}": there is no transformation ${one.id}`);
    }
  }
  return wanted.length === 0 ? frames : firstValueFrom(transformDataFrame(wanted, frames));
}

const copy = (value: any) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

function put(config: any, id: string, value: any) {
  const path = id.split('.');
  const last = path.pop() as string;
  let inner = config;
  for (const key of path) {
    inner[key] ??= {};
    inner = inner[key];
  }
  inner[last] = copy(value);
}

function merge(into: any, from: any) {
  for (const [key, value] of Object.entries(from ?? {})) {
    if (value && typeof value === 'object' && !Array.isArray(value) && into[key]) {
      merge(into[key], value);
    } else if (value !== undefined) {
      into[key] = value;
    }
  }
}

function fromMinusInfinity(config: any) {
  const first = config.thresholds?.steps?.[0];
  if (first && (first.value === null || first.value === undefined)) {
    first.value = -Infinity;
  }
}

// What Grafana takes when a panel names no colour mode.
const colourMode: Record<string, string> = {
  timeseries: 'palette-classic',
  barchart: 'palette-classic',
  histogram: 'palette-classic',
  piechart: 'palette-classic',
  'state-timeline': 'continuous-GrYlRd',
};

export function configured(panel: any, frames: DataFrame[], theme: GrafanaTheme2): DataFrame[] {
  const out: DataFrame[] = frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) => ({ ...field, state: {}, config: { ...field.config } })),
  }));
  let index = 0;
  for (const frame of out) {
    for (const field of frame.fields) {
      const config = copy(panel.fieldConfig?.defaults ?? {});
      merge(config, field.config);
      field.config = config;
      if (field.type === FieldType.number) {
        field.state = { ...field.state, seriesIndex: index++ };
      }
    }
  }
  for (const override of panel.fieldConfig?.overrides ?? []) {
    const matches = fieldMatchers.get(override.matcher.id).get(override.matcher.options);
    for (const frame of out) {
      for (const field of frame.fields.filter((one) => matches(one, frame, out))) {
        for (const property of override.properties) {
          put(field.config, property.id, property.value);
        }
      }
    }
  }
  const numbers = out.flatMap((frame) => frame.fields.filter((field) => field.type === FieldType.number).flatMap((field) => field.values));
  const known = numbers.filter((value) => Number.isFinite(value));
  const lowest = known.reduce((least, value) => Math.min(least, value), Infinity);
  const highest = known.reduce((most, value) => Math.max(most, value), -Infinity);
  for (const frame of out) {
    for (const field of frame.fields) {
      const [min, max] = [field.config.min ?? lowest, field.config.max ?? highest];
      field.state = { seriesIndex: field.state?.seriesIndex, range: { min, max, delta: max - min } };
      fromMinusInfinity(field.config);
      field.config.color ??= { mode: colourMode[panel.type] ?? 'thresholds' } as any;
      field.config.thresholds ??= { mode: 'absolute', steps: [{ value: -Infinity, color: 'green' }, { value: 80, color: 'red' }] } as any;
      field.config.custom ??= {};
      field.display = getDisplayProcessor({ field, theme, timeZone: 'utc' });
      (field as any).getLinks = () => [];
    }
  }
  cacheFieldDisplayNames(out);
  return out;
}

export const values = (frame: DataFrame): Field[] => frame.fields.filter((field) => field.type !== FieldType.time);
export const times = (frame: DataFrame): Field | undefined => frame.fields.find((field) => field.type === FieldType.time);
