import type { Attributes } from '@opentelemetry/api';
import type { Instrument } from '../metrics/instrument.js';
import type { Series } from '../metrics/series.js';

/** The connections of a client of HTTP to one origin. */
export interface OriginReading {
  readonly address: string;
  readonly port: number;
  readonly active: number;
  readonly idle: number;
  readonly pending: number;
  /** Undefined where nothing limits them. */
  readonly max: number | undefined;
}

/** What keeps connections by origin: an agent of `http` or undici. */
export interface ObservedAgent {
  origins(): Iterable<OriginReading>;
  isEnded(): boolean;
}

/** At most this many origins of one agent get series. */
const maxOrigins = 100;

type Cell = Series<{ readonly value: number }>;

/** The metrics of the connections of HTTP clients, read at collection. */
export class AgentMetrics {
  readonly #agents = new Map<string, ObservedAgent>();
  readonly #onFault: (error: unknown) => void;
  readonly instruments: readonly Instrument[];

  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
    this.instruments = [
      this.#instrument(
        'http.client.open_connections',
        'Number of outbound HTTP connections that are currently active or idle on the client.',
        '{connection}',
        ({ active, idle }, attributes) => [
          cell(active, { ...attributes, 'http.connection.state': 'active' }),
          cell(idle, { ...attributes, 'http.connection.state': 'idle' }),
        ],
      ),
      this.#instrument(
        'golden_signals.http.client.connection.max',
        'The maximum number of outbound HTTP connections allowed.',
        '{connection}',
        ({ max }, attributes) => (max === undefined ? [] : [cell(max, attributes)]),
      ),
      this.#instrument(
        'golden_signals.http.client.pending_requests',
        'The number of outbound HTTP requests that wait for a connection.',
        '{request}',
        ({ pending }, attributes) => [cell(pending, attributes)],
      ),
    ];
  }

  watch(name: string, agent: ObservedAgent): void {
    this.#agents.set(name, agent);
  }

  forget(name: string): void {
    this.#agents.delete(name);
  }

  #instrument(
    name: string,
    description: string,
    unit: string,
    cellsOf: (reading: OriginReading, attributes: Attributes) => Cell[],
  ): Instrument {
    return {
      kind: 'updowncounter',
      name,
      description,
      unit,
      series: { [Symbol.iterator]: () => this.#read(cellsOf) },
    };
  }

  *#read(cellsOf: (reading: OriginReading, attributes: Attributes) => Cell[]): Iterator<Cell> {
    for (const [name, agent] of this.#agents) {
      const cells: Cell[] = [];
      try {
        if (agent.isEnded()) {
          this.forget(name);
          continue;
        }
        let origins = 0;
        for (const reading of agent.origins()) {
          origins += 1;
          if (origins > maxOrigins) break;
          const { address, port } = reading;
          cells.push(
            ...cellsOf(reading, {
              'server.address': address,
              'server.port': port,
              'golden_signals.pool.name': name,
            }),
          );
        }
      } catch (error) {
        this.#onFault(error);
      }
      yield* cells;
    }
  }
}

function cell(value: number, attributes: Attributes): Cell {
  return { attributes, value: { value } };
}
