import { type Meter, type ObservableResult, ValueType } from '@opentelemetry/api';
import { CLIENT_DURATION, type ClientRed, createClientRed } from './client-red.js';
import { type Addable, type Instrument, isDouble, type Recordable } from './instrument.js';
import { SeriesSet } from './series.js';
import { createServerRedOver, SERVER_ACTIVE, SERVER_DURATION, type ServerRed } from './server-red.js';

/** RED metrics through the meter of an SDK that the application has registered itself. */
export function createForeignServerRed(
  meter: Meter,
  bounds: readonly number[],
  seriesLimit: number,
  onOverflow: () => void,
): ServerRed {
  const { name: activeName, ...active } = SERVER_ACTIVE;
  const counter = meter.createUpDownCounter(activeName, active);
  const red = createServerRedOver(
    foreignDurations(meter, SERVER_DURATION, bounds, seriesLimit, onOverflow),
    new SeriesSet<Addable>(
      (attributes) => ({ add: (increment) => counter.add(increment, attributes) }),
      seriesLimit,
      onOverflow,
    ),
  );
  return {
    begin: red.begin,
    end(active, request, durationSeconds) {
      // The official instrumentation measures durations, and does not count what is active.
      if (request.isElsewhere === true) active.add(-1);
      else red.end(active, request, durationSeconds);
    },
  };
}

/** The same for outgoing calls. */
export function createForeignClientRed(
  meter: Meter,
  bounds: readonly number[],
  seriesLimit: number,
  onOverflow: () => void,
): ClientRed {
  const red = createClientRed(foreignDurations(meter, CLIENT_DURATION, bounds, seriesLimit, onOverflow));
  return {
    end(call, durationSeconds) {
      if (call.isTracedElsewhere !== true) red.end(call, durationSeconds);
    },
  };
}

/** The series of any histogram of durations, through that meter. */
export function foreignDurations(
  meter: Meter,
  { name, ...rest }: Readonly<Record<'name' | 'description' | 'unit', string>>,
  bounds: readonly number[],
  seriesLimit: number,
  onOverflow: () => void,
): SeriesSet<Recordable> {
  const histogram = meter.createHistogram(name, {
    ...rest,
    advice: { explicitBucketBoundaries: [...bounds] },
  });
  return new SeriesSet<Recordable>(
    (attributes) => ({ record: (value) => histogram.record(value, attributes) }),
    seriesLimit,
    onOverflow,
  );
}

/** Shows instruments that this library keeps itself through the meter of an SDK that the application has registered. */
export function showInstruments(meter: Meter, instruments: readonly Instrument[]): void {
  for (const instrument of instruments) {
    if (instrument.kind === 'histogram') continue;
    const { name, description, unit, series } = instrument;
    const options = {
      description,
      unit,
      valueType: isDouble(instrument) ? ValueType.DOUBLE : ValueType.INT,
    };
    const observe = (result: ObservableResult) => {
      for (const { attributes, value } of series) result.observe(value.value, attributes);
    };
    if (instrument.kind === 'gauge') meter.createObservableGauge(name, options).addCallback(observe);
    else if (instrument.kind === 'counter') meter.createObservableCounter(name, options).addCallback(observe);
    else meter.createObservableUpDownCounter(name, options).addCallback(observe);
  }
}
