import type { ExemplarSource } from './exemplars.js';
import type { Histogram } from './histogram.js';
import type { Series } from './series.js';

interface InstrumentBase {
  readonly name: string;
  readonly description: string;
  /** UCUM, as the semantic conventions give it: 's', 'By', '{request}', '1'. */
  readonly unit: string;
  /** @default 'int' for what is counted, 'double' for gauges and histograms */
  readonly valueType?: 'int' | 'double';
}

/** Where a measurement goes. */
export interface Recordable {
  record(value: number, source?: ExemplarSource): void;
}

/** Where an increment goes. */
export interface Addable {
  add(increment: number): void;
}

/** The number of one sum series. */
export class Sum implements Addable {
  value = 0;

  add(increment: number): void {
    this.value += increment;
  }
}

export interface HistogramInstrument extends InstrumentBase {
  readonly kind: 'histogram';
  readonly series: Iterable<Series<Histogram>>;
}

export interface SumInstrument extends InstrumentBase {
  readonly kind: 'counter' | 'updowncounter';
  readonly series: Iterable<Series<{ readonly value: number }>>;
  /** Since when it has counted, in milliseconds since the epoch, where that is not since this service began. */
  readonly since?: number;
}

export interface GaugeInstrument extends InstrumentBase {
  readonly kind: 'gauge';
  readonly series: Iterable<Series<{ readonly value: number }>>;
}

/** What the outputs read: an instrument whose series this library keeps itself. */
export type Instrument = HistogramInstrument | SumInstrument | GaugeInstrument;

/** Whether its numbers may have fractions. */
export function isDouble({ kind, valueType }: Instrument): boolean {
  return (valueType ?? (kind === 'histogram' || kind === 'gauge' ? 'double' : 'int')) === 'double';
}
