/** A query of a panel. */
export interface Query {
  readonly expr: string;
  /** With `{{label}}`s of Grafana's own. */
  readonly legend: string;
  /** Shows the traces behind the values: for durations, whose buckets carry exemplars. */
  readonly hasExemplars?: boolean;
}

/** What a panel shows; Grafana's JSON is made of it in one place. */
export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly type: 'timeseries' | 'stat' | 'state-timeline';
  /** One of Grafana's units: `s`, `reqps`, `percentunit`, `bytes`, `short`. */
  readonly unit: string;
  /** Of the 24 columns. */
  readonly width: 4 | 6 | 8 | 12 | 24;
  readonly queries: readonly Query[];
  /** Where an alert of the rules begins, drawn as a line. */
  readonly threshold?: number;
  readonly max?: number;
  /** Texts for values, for states. */
  readonly mapping?: Readonly<Record<string, { readonly text: string; readonly color: string }>>;
}

export interface PanelRow {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export type Place = Readonly<{ x: number; y: number; w: number; h: number }>;

const columns = 24;
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's own placeholder.
export const datasource = { type: 'prometheus', uid: '${datasource}' } as const;

/** Height of a panel, in Grafana's rows. */
function heightOf({ type }: Panel): number {
  return type === 'stat' ? 4 : 8;
}

/** Lays panels out from left to right in lines as high as their highest panel, so that none overlaps. */
export function flow(panels: readonly Panel[], top: number): { places: readonly Place[]; bottom: number } {
  const places: Place[] = [];
  let x = 0;
  let y = top;
  let lineHeight = 0;
  for (const panel of panels) {
    if (x + panel.width > columns) {
      x = 0;
      y += lineHeight;
      lineHeight = 0;
    }
    const h = heightOf(panel);
    places.push({ x, y, w: panel.width, h });
    x += panel.width;
    lineHeight = Math.max(lineHeight, h);
  }
  return { places, bottom: y + lineHeight };
}

/** Grafana's form of a panel. */
export function toGrafana(panel: Panel, id: number, gridPos: Place): object {
  const { title, description, type, unit, queries, threshold, max, mapping } = panel;
  return {
    id,
    type,
    title,
    description,
    datasource,
    gridPos,
    targets: queries.map(({ expr, legend, hasExemplars = false }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource,
      editorMode: 'code',
      expr,
      legendFormat: legend,
      range: true,
      instant: false,
      exemplar: hasExemplars,
    })),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(max === undefined ? {} : { max }),
        ...(type === 'timeseries' ? { custom: lineStyle(threshold) } : {}),
        ...(type === 'state-timeline' ? { custom: { fillOpacity: 80, lineWidth: 0 } } : {}),
        ...(mapping === undefined ? {} : { mappings: [{ type: 'value', options: indexed(mapping) }] }),
        thresholds: {
          mode: 'absolute',
          steps: [
            { color: 'green', value: null },
            ...(threshold === undefined ? [] : [{ color: 'red', value: threshold }]),
          ],
        },
      },
      overrides: [],
    },
    options: optionsOf(type),
  };
}

function lineStyle(threshold: number | undefined): object {
  return {
    drawStyle: 'line',
    lineWidth: 1,
    fillOpacity: 8,
    // A line across a gap would show values that were never measured.
    spanNulls: false,
    showPoints: 'never',
    thresholdsStyle: { mode: threshold === undefined ? 'off' : 'dashed' },
  };
}

function indexed(mapping: NonNullable<Panel['mapping']>): object {
  return Object.fromEntries(
    Object.entries(mapping).map(([value, shown], index) => [value, { index, ...shown }]),
  );
}

function optionsOf(type: Panel['type']): object {
  if (type === 'stat') {
    return {
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      colorMode: 'value',
      graphMode: 'area',
      textMode: 'value_and_name',
    };
  }
  const legend = { displayMode: 'list', placement: 'bottom', showLegend: true };
  if (type === 'state-timeline') return { legend, mergeValues: true, showValue: 'never', rowHeight: 0.8 };
  return { legend, tooltip: { mode: 'multi', sort: 'desc' } };
}
