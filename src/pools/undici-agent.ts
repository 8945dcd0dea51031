import { types } from 'node:util';
import type { ObservedAgent, OriginReading } from './agent-sockets.js';

interface Stats {
  readonly connected?: unknown;
  readonly free?: unknown;
  readonly queued?: unknown;
}

/** What is used of an `Agent` or `Pool` of undici. */
export interface UndiciDispatcher {
  readonly dispatch: unknown;
  readonly closed?: boolean;
  readonly destroyed?: boolean;
}

export function isUndiciDispatcher(value: object): value is UndiciDispatcher {
  const { dispatch, close, destroy } = value as Record<string, unknown>;
  return [dispatch, close, destroy].every((method) => typeof method === 'function');
}

/** Reads undici's own statistics of its connections; wraps nothing. */
export function observeUndici(dispatcher: UndiciDispatcher): ObservedAgent {
  return {
    *origins() {
      const pools = innerOf(dispatcher, 'clients');
      if (!types.isMap(pools)) {
        const reading = readingOf(dispatcher, innerOf(dispatcher, 'url'));
        if (reading !== undefined) yield reading;
        return;
      }
      for (const [origin, held] of pools) {
        const pool = poolIn(held);
        const reading = pool === undefined ? undefined : readingOf(pool, innerOf(pool, 'url') ?? origin);
        if (reading !== undefined) yield reading;
      }
    },
    isEnded: () => dispatcher.closed === true || dispatcher.destroyed === true,
  };
}

function readingOf(pool: object, origin: unknown): OriginReading | undefined {
  const { stats } = pool as { readonly stats?: Stats };
  const url = urlOf(origin);
  if (stats === undefined || url === undefined) return undefined;
  const { connected, free, queued } = stats;
  const open = count(connected);
  // A single client does not report its free connections: it has only one connection.
  const idle = Math.min(open, typeof free === 'number' ? free : 0);
  const connections = innerOf(pool, 'connections');
  return {
    address: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
    active: open - idle,
    idle,
    pending: count(queued),
    max: typeof connections === 'number' && connections > 0 ? connections : undefined,
  };
}

// Versions of undici keep a pool as it is, in a weak reference, or beside the number of its users.
function poolIn(held: unknown): object | undefined {
  const { deref } = (held ?? {}) as Partial<WeakRef<object>>;
  const value = typeof deref === 'function' ? deref.call(held) : held;
  if (typeof value !== 'object' || value === null) return undefined;
  const { dispatcher } = value as { readonly dispatcher?: unknown };
  return typeof dispatcher === 'object' && dispatcher !== null ? dispatcher : value;
}

/** What undici keeps under a symbol of its own. */
function innerOf(target: object, name: string): unknown {
  const symbol = Object.getOwnPropertySymbols(target).find(({ description }) => description === name);
  return symbol === undefined ? undefined : (target as Record<symbol, unknown>)[symbol];
}

function urlOf(origin: unknown): URL | undefined {
  try {
    return new URL(String(origin));
  } catch {
    return undefined;
  }
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
