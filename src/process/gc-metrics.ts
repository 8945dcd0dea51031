import type { Meter } from '@opentelemetry/api';
import { Histogram } from '../metrics/histogram.js';
import type { Instrument, Recordable } from '../metrics/instrument.js';
import { SeriesSet } from '../metrics/series.js';
import { type GcListener, type GcType, gcTypes } from './gc-observer.js';

const gcDuration = {
  name: 'v8js.gc.duration',
  description: 'Garbage collection duration.',
  unit: 's',
} as const;

/** Those that the conventions recommend, in seconds. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] as const;
const seriesLimit = gcTypes.length + 1;
const ignored = () => {};

/** How long garbage collections took: kept by ourselves, or recorded through the meter of an SDK that the application has registered. */
export function createGcMetrics(foreign: Meter | undefined): {
  readonly record: GcListener;
  readonly instruments: readonly Instrument[];
} {
  if (foreign === undefined) {
    const series = new SeriesSet(() => new Histogram(bounds), seriesLimit, ignored);
    return { record: recording(series), instruments: [{ kind: 'histogram', ...gcDuration, series }] };
  }
  const { name, ...rest } = gcDuration;
  const histogram = foreign.createHistogram(name, {
    ...rest,
    advice: { explicitBucketBoundaries: [...bounds] },
  });
  const series = new SeriesSet<Recordable>(
    (attributes) => ({ record: (seconds) => histogram.record(seconds, attributes) }),
    seriesLimit,
    ignored,
  );
  return { record: recording(series), instruments: [] };
}

function recording(series: SeriesSet<Recordable>): GcListener {
  const recorders = new Map<GcType, Recordable>(
    gcTypes.map((type) => [type, series.add({ 'v8js.gc.type': type }).value]),
  );
  return (type, seconds) => recorders.get(type)?.record(seconds);
}
