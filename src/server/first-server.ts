import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import * as net from 'node:net';

/** What is there when the first server of HTTP listens. */
interface Seen {
  readonly servers: readonly EventEmitter[];
  readonly fastify: readonly object[];
}

type Emit = (this: EventEmitter, ...args: unknown[]) => boolean;

const fastifyChannel = 'fastify.initialization';

/** Calls back once, when a server of HTTP listens for the first time, before its own listeners of that event are called. */
export function watchForServer(onFirst: (seen: Seen) => void): void {
  const instances: WeakRef<object>[] = [];
  const noteFastify = (message: unknown) => {
    const { fastify } = message as { fastify?: object };
    if (typeof fastify === 'object' && fastify !== null) instances.push(new WeakRef(fastify));
  };
  subscribe(fastifyChannel, noteFastify);
  let isOver = false;

  function first(server: EventEmitter): void {
    isOver = true;
    unsubscribe(fastifyChannel, noteFastify);
    release();
    try {
      onFirst({ servers: [server], fastify: instances.flatMap((ref) => ref.deref() ?? []) });
    } catch (error) {
      process.stderr.write(`golden-signals error: the process is not instrumented: ${String(error)}\n`);
    }
  }

  // Every server inherits from this one, those of http, https and http2 too.
  const { prototype } = net.Server;
  const had = Object.getOwnPropertyDescriptor(prototype, 'emit');
  const original = prototype.emit as Emit;
  const emit: Emit = function (...args) {
    if (!isOver && args[0] === 'listening' && servesHttp(this)) first(this);
    return original.apply(this, args);
  };
  Object.defineProperty(prototype, 'emit', { value: emit, writable: true, configurable: true });

  function release(): void {
    // Wrapped by others since, it stays beneath and passes everything on.
    if (prototype.emit !== emit) return;
    if (had === undefined) Reflect.deleteProperty(prototype, 'emit');
    else Object.defineProperty(prototype, 'emit', had);
  }
}

/** A server that takes no requests is something else: tsx talks to its children through one. Those of HTTP/1 say so by a time-out. */
function servesHttp(server: EventEmitter): boolean {
  return (
    'headersTimeout' in server || server.listenerCount('request') > 0 || server.listenerCount('stream') > 0
  );
}
