import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel';
import type { Context } from '@opentelemetry/api';
import { bindContext, unbindContext } from '../context/storage.js';
import type { Faults } from '../core/faults.js';
import { takeOver } from '../core/take-over.js';
import type { Database } from './database.js';
import type { DatabaseCall } from './database-call.js';

/** What is under way for a message; the context that its callback belongs to. */
interface Begun {
  readonly database: Database | undefined;
  readonly call: DatabaseCall | undefined;
  readonly context: Context;
}

const begunKey = Symbol('golden-signals.database-call');

interface Message {
  [begunKey]?: Begun;
  readonly error?: unknown;
}

export interface ChannelReader<M> {
  readonly name: string;
  /** Begins the operation of a message; undefined for none. */
  begin(message: M): Begun | undefined;
  /** Called when the library has sent the operation of the message, before its answer. */
  handedOver?(message: M): void;
  /** True where callbacks of the library lose the context that they were handed over in. */
  readonly isContextLost?: boolean;
}

/**
 * Subscribes to the tracing channel of a library; the function returned unsubscribes. Never throws into the library.
 */
export function traceChannel<M extends object>(reader: ChannelReader<M>, faults: Faults): () => void {
  const { name, isContextLost = false } = reader;
  const channel = tracingChannel<unknown, M>(name) as TracingChannel<unknown, M>;
  const place = `database.${name}`;
  const guarded = (run: (message: M & Message) => void) => (message: M) => {
    try {
      run(message);
    } catch (error) {
      faults.caught(place, error);
    }
  };
  const finish = guarded((message) => {
    const { database, call } = message[begunKey] ?? {};
    if (database !== undefined && call !== undefined) database.end(call, message.error);
  });
  const handlers = {
    start: guarded((message) => {
      const begun = reader.begin(message);
      if (begun !== undefined) message[begunKey] = begun;
    }),
    end: guarded((message) => {
      reader.handedOver?.(message);
      // Thrown before anything was asked: no callback follows.
      if (message.error !== undefined) finish(message);
    }),
    asyncStart: finish,
    asyncEnd() {},
    error() {},
  };
  return takeOver(channel.start, 'database', () => {
    channel.subscribe(handlers);
    if (isContextLost)
      bindContext(channel.asyncStart as never, (message: Message) => message[begunKey]?.context);
    return () => {
      channel.unsubscribe(handlers);
      if (isContextLost) unbindContext(channel.asyncStart as never);
    };
  });
}
