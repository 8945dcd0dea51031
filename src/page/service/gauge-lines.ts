import type { Line } from '../chart/time-chart.js';
import type { GaugesAnswer } from '../data/answers.js';

type Series = GaugesAnswer['series'][number];

/** Of all instances the greatest at each time: what is used up first is what matters. */
function greatest(series: readonly Series[]): (number | null)[] {
  return combine(series, (one, other) => Math.max(one, other));
}

function combine(series: readonly Series[], join: (one: number, other: number) => number): (number | null)[] {
  const [first, ...rest] = series;
  const values: (number | null)[] = [...(first?.values ?? [])];
  for (const { values: own } of rest) {
    for (const [index, value] of own.entries()) {
      const before = values[index] ?? null;
      if (value !== null) values[index] = before === null ? value : join(before, value);
    }
  }
  return values;
}

/** User and system time of each process added, then the greatest process. */
function cpuOf(series: readonly Series[]): (number | null)[] {
  const byInstance = new Map<string, Series[]>();
  for (const one of series) {
    const own = byInstance.get(one.instance);
    if (own === undefined) byInstance.set(one.instance, [one]);
    else own.push(one);
  }
  const sums = [...byInstance.values()].map((own) => ({
    ...(own[0] as Series),
    values: combine(own, (a, b) => a + b),
  }));
  return greatest(sums);
}

export interface GaugeChart {
  readonly title: string;
  readonly unit: 'seconds' | 'share' | 'bytes' | 'count';
  readonly lines: readonly Line[];
  readonly limit: { readonly value: number; readonly label: string } | undefined;
}

/** The charts of what a service uses up, as far as it says. */
export function gaugeCharts({ series }: GaugesAnswer): GaugeChart[] {
  const of = (metric: string) => series.filter((one) => one.metric === metric);
  const most = (metric: string) => {
    const values = of(metric).map(({ last }) => last);
    return values.length === 0 ? undefined : Math.max(...values);
  };
  const charts: GaugeChart[] = [];
  const add = (title: string, unit: GaugeChart['unit'], lines: readonly Line[], limit?: number) => {
    const shown = lines.filter(({ values }) => values.some((value) => value !== null));
    if (shown.length > 0)
      charts.push({
        title,
        unit,
        lines: shown,
        limit: limit === undefined ? undefined : { value: limit, label: 'limit' },
      });
  };
  add('Event loop delay', 'seconds', [
    { label: 'p99', values: greatest(of('nodejs.eventloop.delay.p99')), class: 'line-2' },
    { label: 'p50', values: greatest(of('nodejs.eventloop.delay.p50')), class: 'line-1' },
  ]);
  add('Event loop utilisation', 'share', [
    { label: 'busy', values: greatest(of('nodejs.eventloop.utilization')), class: 'line-2', isArea: true },
  ]);
  add('CPU', 'share', [
    { label: 'of the machine', values: cpuOf(of('process.cpu.utilization')), class: 'line-2', isArea: true },
  ]);
  add(
    'Memory',
    'bytes',
    [
      { label: 'resident', values: greatest(of('process.memory.usage')), class: 'line-2' },
      { label: 'heap', values: heapOf(series), class: 'line-1' },
    ],
    most('golden_signals.container.memory.limit'),
  );
  const counts = of('db.client.connection.count');
  const pools = new Set(counts.map(({ detail }) => detail.replace(/ (?:used|idle)$/, '')));
  for (const pool of pools) {
    const own = (metric: string, detail: string) =>
      greatest(series.filter((one) => one.metric === metric && one.detail === detail));
    const limits = series.filter(
      ({ metric, detail }) => /^db\.client\.connection\.(?:limit|max)$/.test(metric) && detail === pool,
    );
    add(
      `Pool ${pool}`,
      'count',
      [
        {
          label: 'used',
          values: own('db.client.connection.count', `${pool} used`),
          class: 'line-2',
          isArea: true,
        },
        { label: 'waiting', values: own('db.client.connection.pending_requests', pool), class: 'line-fail' },
      ],
      limits.length === 0 ? undefined : Math.max(...limits.map(({ last }) => last)),
    );
  }
  return charts;
}

/** All spaces of the heap added. */
function heapOf(series: readonly Series[]): (number | null)[] {
  return cpuOf(series.filter(({ metric }) => metric === 'v8js.memory.heap.used'));
}
