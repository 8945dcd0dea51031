import type { Meter } from '@opentelemetry/api';
import type { Clock } from '../core/clock.js';
import type { Faults } from '../core/faults.js';
import type { Instrument } from '../metrics/instrument.js';
import type { Series } from '../metrics/series.js';
import { createContainerInstruments } from './container-instruments.js';
import { createGcMetrics } from './gc-metrics.js';
import { observeGc } from './gc-observer.js';
import { createProcessInstruments } from './process-instruments.js';
import { shareProcessSampler } from './process-sampler.js';
import { createRuntimeInstruments } from './runtime-instruments.js';

export interface ProcessMetricsParts {
  readonly clock: Clock;
  readonly faults: Faults;
  /** Of an SDK that the application has registered: what cannot be shown to it is recorded through this. */
  readonly foreignMeter: Meter | undefined;
}

/** The metrics of the process that one service exports. */
export interface ProcessMetrics {
  readonly instruments: readonly Instrument[];
  /** Ends the looking; from then on there are no series. */
  close(): void;
}

/** Begins to look at the process: with others, should there be several services in it. */
export function createProcessMetrics({ clock, faults, foreignMeter }: ProcessMetricsParts): ProcessMetrics {
  let isOpen = true;
  const onFault = (error: unknown) => faults.caught('process.metrics', error);
  const { sampler, release } = shareProcessSampler({ clock, onFault });
  const gc = createGcMetrics(foreignMeter);
  const stopGc = observeGc((type, seconds) => {
    try {
      gc.record(type, seconds);
    } catch (error) {
      onFault(error);
    }
  });
  const instruments = [
    ...gc.instruments,
    ...createRuntimeInstruments(sampler),
    ...createProcessInstruments(sampler),
    ...createContainerInstruments(sampler),
  ];
  return {
    instruments: instruments.map((instrument) => whileOpen(instrument, () => isOpen)),
    close() {
      isOpen = false;
      stopGc();
      release();
    },
  };
}

/** An SDK of the application goes on reading when this service is over. */
function whileOpen(instrument: Instrument, isOpen: () => boolean): Instrument {
  const all: Iterable<Series<unknown>> = instrument.series;
  const series = {
    *[Symbol.iterator]() {
      if (isOpen()) yield* all;
    },
  };
  return { ...instrument, series } as Instrument;
}
