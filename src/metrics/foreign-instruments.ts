import { type Meter, type ObservableResult, ValueType } from '@opentelemetry/api';
import { type Instrument, isDouble } from './instrument.js';

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
