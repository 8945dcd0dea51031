import type { EventEmitter } from 'node:events';
import { takeChannel } from '../../core/take-over.js';
import { isExpressApp } from '../frameworks/express/layer.js';
import { frameworkOf, innermost } from '../frameworks/known.js';
import { type Found, Landscape } from './landscape.js';

/**
 * Knows what the applications behind a server have at a path, as far as they can be looked into, at the moment of the question.
 */
export class AppRoutes {
  // The service may live longer than an application that has joined it.
  #apps: WeakRef<object>[] = [];

  /** `app` is what was handed to instrument(). */
  add(app: unknown): void {
    const target = innermost(app);
    if ((typeof target === 'object' && target !== null) || typeof target === 'function')
      this.#apps.push(new WeakRef(target));
  }

  /** Adds the instances of fastify that are there, and every one that is made from here on: a server says nothing of the one behind it. */
  addEveryFastify(known: readonly object[]): void {
    for (const app of known) this.add(app);
    takeChannel('fastify.initialization', 'probes', (message) =>
      this.add((message as { fastify?: unknown }).fastify),
    );
  }

  /** True if there are no applications, or all have been collected. */
  get isEmpty(): boolean {
    return this.#apps.every((ref) => ref.deref() === undefined);
  }

  /** What stands at this path behind this server. Never throws. */
  find(server: object, path: string): Found {
    let found: Found;
    for (const app of this.#appsOf(server)) {
      const here = findIn(app, path);
      if (here === 'route') return here;
      found ??= here;
    }
    return found;
  }

  /** Never throws. */
  landscapeOf(server: object): Landscape {
    let size = 0;
    for (const app of this.#appsOf(server)) size += sizeOf(app);
    return new Landscape(listenersOf(server), size);
  }

  /** Those that are known to listen there; else each whose server is not known may be the one. */
  #appsOf(server: object): readonly object[] {
    this.#apps = this.#apps.filter((ref) => ref.deref() !== undefined);
    const apps = this.#apps.flatMap((ref) => ref.deref() ?? []);
    const listeners = listenersOf(server);
    const own = [
      ...listeners.filter(isExpressApp),
      ...apps.filter((app) => isServedBy(app, server, listeners)),
    ];
    return own.length > 0 ? own : apps.filter((app) => serverOf(app) === undefined);
  }
}

function listenersOf(server: unknown): readonly unknown[] {
  const { listeners } = (server ?? {}) as Partial<EventEmitter>;
  return typeof listeners === 'function' ? listeners.call(server, 'request') : [];
}

/** fastify knows its server; for 'localhost' it opens a second one with the same listener. */
function isServedBy(app: object, server: object, listeners: readonly unknown[]): boolean {
  const own = serverOf(app);
  return own === server || listenersOf(own).some((listener) => listeners.includes(listener));
}

function serverOf(app: object): unknown {
  return (app as { readonly server?: unknown }).server;
}

function findIn(app: object, path: string): Found {
  try {
    return frameworkOf(app)?.find(app, path);
  } catch {
    // A shape of some other version: it cannot be looked into.
    return undefined;
  }
}

function sizeOf(app: object): number {
  try {
    return frameworkOf(app)?.sizeOf(app) ?? 0;
  } catch {
    return 0;
  }
}
