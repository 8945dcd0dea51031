import { Sum, type SumInstrument } from './instrument.js';
import { SeriesSet } from './series.js';

/** Why telemetry was given up. Fixed names: the attribute stays of low cardinality. */
type DropReason = 'queue_full' | 'export_failed' | 'rejected' | 'series_limit' | 'keep_limit' | 'shutdown';

/** Counts what telemetry gave up, so that nothing is lost in silence. */
export interface Dropped {
  add(reason: DropReason, count?: number): void;
  count(reason: DropReason): number;
  readonly instrument: SumInstrument;
}

export function createDropped(): Dropped {
  const series = new SeriesSet(
    () => new Sum(),
    100,
    () => {},
  );
  const cells = new Map<DropReason, Sum>();
  return {
    instrument: {
      kind: 'counter',
      name: 'golden_signals.dropped',
      description: 'Telemetry that was given up, by reason.',
      unit: '{item}',
      series,
    },
    add(reason, count = 1) {
      let cell = cells.get(reason);
      if (cell === undefined) {
        cell = series.add({ 'golden_signals.reason': reason }).value;
        cells.set(reason, cell);
      }
      cell.add(count);
    },
    count: (reason) => cells.get(reason)?.value ?? 0,
  };
}
