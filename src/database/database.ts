import { type Context, trace } from '@opentelemetry/api';
import { activeContext } from '../context/storage.js';
import { isSuppressed } from '../context/suppressed.js';
import type { Clock } from '../core/clock.js';
import { failureOf } from '../core/database-failure.js';
import type { Faults } from '../core/faults.js';
import type { DatabaseRed, DatabaseServer } from '../metrics/database-red.js';
import type { CallTracing } from '../trace/call-tracing.js';
import { DatabaseCall } from './database-call.js';
import type { Statement } from './statement.js';

export interface DatabaseParts {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly tracing: CallTracing;
  readonly red: DatabaseRed | undefined;
}

/** The one pipeline of everything that databases are asked: a CLIENT span and a duration. The clients in front of it only translate. */
export class Database {
  readonly #parts: DatabaseParts;
  /** False once the service has ended. */
  isOpen = true;

  constructor(parts: DatabaseParts) {
    this.#parts = parts;
  }

  get faults(): Faults {
    return this.#parts.faults;
  }

  /**
   * Begins an operation in the active context; undefined where it is not to be recorded, such as what a library sends on its own outside
   * of any span. Never throws.
   */
  begin(
    server: DatabaseServer,
    statement: Statement,
    context: Context = activeContext(),
    batchSize?: number,
  ): DatabaseCall | undefined {
    if (!this.isOpen || isSuppressed(context)) return undefined;
    if (statement.isHousekeeping && trace.getSpan(context) === undefined) return undefined;
    const { clock, faults, tracing } = this.#parts;
    try {
      const call = new DatabaseCall(server, statement, clock.now(), context, batchSize);
      tracing.begin(call);
      return call;
    } catch (error) {
      faults.caught('database.begin', error);
      return undefined;
    }
  }

  /** Drops an operation without recording it, because the library publishes the same one. */
  abandon(call: DatabaseCall): void {
    call.isEnded = true;
  }

  /** Ends an operation, with the error that it failed with. Only the first end counts. Never throws. */
  end(call: DatabaseCall, error: unknown): void {
    if (call.isEnded) return;
    call.isEnded = true;
    const { clock, faults, tracing, red } = this.#parts;
    try {
      if (error !== undefined && error !== null) {
        const { errorType, statusCode } = failureOf(error);
        call.errorType = errorType;
        call.statusCode = statusCode;
      }
      const endMs = clock.now();
      red?.end(call, (endMs - call.startMs) / 1_000);
      tracing.end(call, endMs);
    } catch (fault) {
      faults.caught('database.end', fault);
    }
  }
}
