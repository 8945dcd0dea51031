import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Faults } from '../core/faults.js';
import type { Overload, OverloadSample } from '../health/overload.js';
import type { OverloadConfig } from '../health/overload-options.js';
import { type Instrument, Sum } from '../metrics/instrument.js';

export interface SheddingParts {
  readonly config: Pick<OverloadConfig, 'shed' | 'priority'>;
  readonly overload: Overload;
  readonly faults: Pick<Faults, 'caught'>;
}

/** Turns a share of the requests away while the process is overloaded, if it was asked to. */
export class Shedding {
  /** The one thing a request costs while there is no overload. */
  isOn = false;
  readonly #parts: SheddingParts;
  readonly #shed = new Sum();
  readonly #active = { value: 0 };

  constructor(parts: SheddingParts) {
    this.#parts = parts;
  }

  sample(sample: OverloadSample): void {
    const { config, overload } = this.#parts;
    overload.sample(sample);
    this.isOn = config.shed && overload.isOverloaded;
    this.#active.value = overload.isOverloaded ? 1 : 0;
  }

  /** Whether to turn this request away; ask only while {@link isOn}. */
  turnsAway(req: IncomingMessage): boolean {
    return this.#parts.overload.shouldShed() && !this.#hasPriority(req);
  }

  /** Answers the client with 503; it may use the same connection again. */
  turnAway(res: ServerResponse): void {
    this.#shed.add(1);
    res.writeHead(503, {
      'Retry-After': String(this.#parts.overload.retryAfterS()),
      'Cache-Control': 'no-store',
      'Content-Length': '0',
    });
    res.end();
  }

  get instruments(): readonly Instrument[] {
    return [
      {
        kind: 'counter',
        name: 'golden_signals.overload.shed',
        description: 'Requests turned away because the process was overloaded.',
        unit: '{request}',
        series: [{ attributes: {}, value: this.#shed }],
      },
      {
        kind: 'gauge',
        name: 'golden_signals.overload.active',
        description: 'Whether the process is overloaded: 1 if it is, else 0.',
        unit: '1',
        series: [{ attributes: {}, value: this.#active }],
      },
    ];
  }

  /** A function of the user that throws gives no priority. */
  #hasPriority(req: IncomingMessage): boolean {
    const { config, faults } = this.#parts;
    if (config.priority === undefined) return false;
    try {
      return config.priority(req) === true;
    } catch (error) {
      faults.caught('overload.priority', error);
      return false;
    }
  }
}
