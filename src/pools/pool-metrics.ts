import type { Attributes } from '@opentelemetry/api';
import { type Instrument, type Recordable, Sum } from '../metrics/instrument.js';
import type { Series, SeriesSet } from '../metrics/series.js';
import type { ObservedPool, PoolReading } from './pool-reading.js';
import type { PoolTimes } from './waits.js';

/** In seconds; the conventions recommend none. From a hand-over within the process to a connection that hardly comes about. */
export const POOL_BOUNDS: readonly number[] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

const poolName = 'db.client.connection.pool.name';

/** The histograms that all pools share; undefined where there are no metrics. */
export interface PoolDurations {
  readonly wait: SeriesSet<Recordable> | undefined;
  readonly use: SeriesSet<Recordable> | undefined;
  readonly create: SeriesSet<Recordable> | undefined;
}

export const POOL_DURATIONS = {
  wait: {
    name: 'db.client.connection.wait_time',
    description: 'The time it took to obtain an open connection from the pool.',
    unit: 's',
  },
  use: {
    name: 'db.client.connection.use_time',
    description: 'The time between borrowing a connection and returning it to the pool.',
    unit: 's',
  },
  create: {
    name: 'db.client.connection.create_time',
    description: 'The time it took to create a new connection.',
    unit: 's',
  },
} as const;

type Gauge = keyof PoolReading;
type Cell = Series<{ readonly value: number }>;

/** A pool that is watched, and the last thing that it said. */
class Watched {
  readonly pool: ObservedPool;
  reading: PoolReading | undefined;
  readonly #attributes: Attributes;
  readonly #cells = new Map<Gauge, Cell>();

  constructor(name: string, pool: ObservedPool) {
    this.pool = pool;
    this.reading = undefined;
    this.#attributes = { [poolName]: name };
  }

  /** The series of one number; undefined where the pool does not report it. */
  cell(gauge: Gauge): Cell | undefined {
    if (!Number.isFinite(this.reading?.[gauge])) return undefined;
    let cell = this.#cells.get(gauge);
    if (cell === undefined) {
      const isState = gauge === 'used' || gauge === 'idle';
      const attributes = isState
        ? { ...this.#attributes, 'db.client.connection.state': gauge }
        : this.#attributes;
      const watched = this;
      cell = {
        attributes: Object.freeze(attributes),
        value: {
          get value() {
            return watched.reading?.[gauge] ?? 0;
          },
        },
      };
      this.#cells.set(gauge, cell);
    }
    return cell;
  }
}

/** The metrics of pools. Times are kept by name, so that those of an ended pool are still exported. */
export class PoolMetrics {
  readonly #durations: PoolDurations;
  readonly #onFault: (error: unknown) => void;
  readonly #watched = new Map<string, Watched>();
  readonly #times = new Map<string, PoolTimes & { readonly series: Series<Sum> }>();
  readonly instruments: readonly Instrument[];

  constructor(durations: PoolDurations, onFault: (error: unknown) => void) {
    this.#durations = durations;
    this.#onFault = onFault;
    this.instruments = [
      {
        kind: 'updowncounter',
        name: 'db.client.connection.count',
        description:
          'The number of connections that are currently in the state described by the state attribute.',
        unit: '{connection}',
        series: { [Symbol.iterator]: () => this.#counts() },
      },
      this.#gauge('max', 'limit', 'The maximum number of open connections allowed.', '{connection}'),
      this.#gauge(
        'idleMax',
        'idle.max',
        'The maximum number of idle open connections allowed.',
        '{connection}',
      ),
      this.#gauge(
        'idleMin',
        'idle.min',
        'The minimum number of idle open connections allowed.',
        '{connection}',
      ),
      this.#gauge(
        'pending',
        'pending_requests',
        'The number of current pending requests for an open connection.',
        '{request}',
      ),
      {
        kind: 'counter',
        name: 'db.client.connection.timeouts',
        description:
          'The number of connection timeouts that have occurred trying to obtain a connection from the pool.',
        unit: '{timeout}',
        series: { [Symbol.iterator]: () => this.#timeouts() },
      },
    ];
  }

  timesOf(name: string): PoolTimes {
    let times = this.#times.get(name);
    if (times === undefined) {
      const { wait, use, create } = this.#durations;
      const attributes = { [poolName]: name };
      const timeouts = new Sum();
      times = {
        wait: wait?.add({ ...attributes }).value,
        use: use?.add({ ...attributes }).value,
        create: create?.add({ ...attributes }).value,
        timeouts,
        series: { attributes: Object.freeze({ ...attributes }), value: timeouts },
      };
      this.#times.set(name, times);
    }
    return times;
  }

  watch(name: string, pool: ObservedPool): void {
    this.#watched.set(name, new Watched(name, pool));
  }

  forget(name: string): void {
    this.#watched.delete(name);
  }

  // The first instrument that is collected: the others show the same readings.
  *#counts(): Iterator<Cell> {
    for (const [name, watched] of this.#watched) {
      try {
        if (watched.pool.isEnded()) {
          this.forget(name);
          continue;
        }
        watched.reading = watched.pool.read();
      } catch (error) {
        watched.reading = undefined;
        this.#onFault(error);
      }
      yield* defined(watched.cell('used'), watched.cell('idle'));
    }
  }

  #gauge(gauge: Gauge, name: string, description: string, unit: string): Instrument {
    return {
      kind: 'updowncounter',
      name: `db.client.connection.${name}`,
      description,
      unit,
      series: { [Symbol.iterator]: () => this.#cellsOf(gauge) },
    };
  }

  *#cellsOf(gauge: Gauge): Iterator<Cell> {
    for (const watched of this.#watched.values()) yield* defined(watched.cell(gauge));
  }

  *#timeouts(): Iterator<Series<Sum>> {
    for (const { series } of this.#times.values()) yield series;
  }
}

function defined(...cells: (Cell | undefined)[]): Cell[] {
  return cells.filter((cell) => cell !== undefined);
}
