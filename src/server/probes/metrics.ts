import type { CheckEvents } from '../../health/check-reading.js';
import type { Health } from '../../health/health.js';
import type { Probe } from '../../health/probe.js';
import type { Status } from '../../health/status.js';
import { Histogram } from '../../metrics/histogram.js';
import { type Instrument, Sum } from '../../metrics/instrument.js';
import { type Series, SeriesSet } from '../../metrics/series.js';

/** What is measured of checks and probes. */
export interface ProbeMetrics extends Required<Pick<CheckEvents, 'onResult' | 'onChange'>> {
  /** Counts an answer to a probe. */
  answered(probe: Probe, statusCode: number): void;
  instruments(health: Health): readonly Instrument[];
}

const checkKey = 'golden_signals.health.check';
const worth: Readonly<Record<Status, number>> = { pass: 1, warn: 0.5, fail: 0 };
/** In seconds; a check has 2 s by default. */
const durationBounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10] as const;
const seriesLimit = 1_000;
const ignored = () => {};

export function createProbeMetrics(): ProbeMetrics {
  const probes = new SeriesSet(() => new Sum(), seriesLimit, ignored);
  const transitions = new SeriesSet(() => new Sum(), seriesLimit, ignored);
  const durations = new SeriesSet(() => new Histogram(durationBounds), seriesLimit, ignored);
  const answers = createChildren(probes);
  const changes = createChildren(transitions);
  const durationOf = createChildren(durations);
  return {
    answered(probe, statusCode) {
      answers(`${probe} ${statusCode}`, () => ({
        'golden_signals.health.probe': probe,
        'http.response.status_code': statusCode,
      })).add(1);
    },
    onResult({ name, durationMs }) {
      durationOf(name, () => ({ [checkKey]: name })).record(durationMs / 1_000);
    },
    onChange({ name, to }) {
      changes(`${to} ${name}`, () => ({ [checkKey]: name, 'golden_signals.health.status': to })).add(1);
    },
    instruments: (health) => [
      {
        kind: 'gauge',
        name: 'golden_signals.health.status',
        description: 'What a health check says: 1 for pass, 0.5 for warn, 0 for fail.',
        // As a share it would be called so in Prometheus: golden_signals_health_status_ratio.
        unit: '{status}',
        series: { [Symbol.iterator]: () => statusSeries(health) },
      },
      {
        kind: 'histogram',
        name: 'golden_signals.health.check.duration',
        description: 'Duration of the runs of a health check.',
        unit: 's',
        series: durations,
      },
      {
        kind: 'counter',
        name: 'golden_signals.health.transitions',
        description: 'Changes of status of a health check, by the new status.',
        unit: '{transition}',
        series: transitions,
      },
      {
        kind: 'counter',
        name: 'golden_signals.health.probes',
        description: 'Probes answered, by probe and status code.',
        unit: '{probe}',
        series: probes,
      },
    ],
  };
}

/** Keeps the child of each key, while there is room for children of their own. */
function createChildren<T>(set: SeriesSet<T>) {
  const children = new Map<string, T>();
  return (key: string, attributes: () => Series<T>['attributes']): T => {
    let child = children.get(key);
    if (child === undefined) {
      child = set.add(attributes()).value;
      if (!set.isFull) children.set(key, child);
    }
    return child;
  };
}

function* statusSeries(health: Health): Generator<Series<{ readonly value: number }>> {
  for (const [name, status] of health.statuses()) {
    if (status !== undefined) yield { attributes: { [checkKey]: name }, value: { value: worth[status] } };
  }
}
