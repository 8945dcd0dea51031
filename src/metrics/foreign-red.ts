import type { Meter } from '@opentelemetry/api';
import { CLIENT_DURATION, type ClientRed, createClientRed } from './client-red.js';
import type { Addable, Recordable } from './instrument.js';
import { SeriesSet } from './series.js';
import { createServerRedOver, SERVER_ACTIVE, SERVER_DURATION, type ServerRed } from './server-red.js';

/** RED metrics through the meter of an SDK that the application has registered itself. */
export function createForeignServerRed(
  meter: Meter,
  bounds: readonly number[],
  seriesLimit: number,
  onOverflow: () => void,
): ServerRed {
  const { name, ...duration } = SERVER_DURATION;
  const histogram = meter.createHistogram(name, {
    ...duration,
    advice: { explicitBucketBoundaries: [...bounds] },
  });
  const { name: activeName, ...active } = SERVER_ACTIVE;
  const counter = meter.createUpDownCounter(activeName, active);
  return createServerRedOver(
    new SeriesSet<Recordable>(
      (attributes) => ({ record: (value) => histogram.record(value, attributes) }),
      seriesLimit,
      onOverflow,
    ),
    new SeriesSet<Addable>(
      (attributes) => ({ add: (increment) => counter.add(increment, attributes) }),
      seriesLimit,
      onOverflow,
    ),
  );
}

/** The same for outgoing calls. */
export function createForeignClientRed(
  meter: Meter,
  bounds: readonly number[],
  seriesLimit: number,
  onOverflow: () => void,
): ClientRed {
  const { name, ...duration } = CLIENT_DURATION;
  const histogram = meter.createHistogram(name, {
    ...duration,
    advice: { explicitBucketBoundaries: [...bounds] },
  });
  return createClientRed(
    new SeriesSet<Recordable>(
      (attributes) => ({ record: (value) => histogram.record(value, attributes) }),
      seriesLimit,
      onOverflow,
    ),
  );
}
