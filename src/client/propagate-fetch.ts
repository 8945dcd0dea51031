import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { propagation, type TextMapSetter, trace } from '@opentelemetry/api';
import { activeContext } from '../context/storage.js';
import type { Faults } from '../core/faults.js';

interface UndiciRequest {
  /** Name, value, name, value, … */
  readonly headers: readonly unknown[];
  addHeader(name: string, value: string): unknown;
}

const channel = 'undici:request:create';
const place = 'client.fetch';

const setter: TextMapSetter<UndiciRequest> = {
  set(request, name, value) {
    // What the caller has set stands.
    if (!hasHeader(request, name)) request.addHeader(name, value);
  },
};

/** The services under way, in the order they began: however many there are, a call gets its headers once. */
const users = new Set<Faults>();

/**
 * Sends the active trace context and baggage on with `fetch` and undici, for as long as one service is under way.
 * Never throws; gives back how to stop.
 */
export function propagateFetch(faults: Faults): () => void {
  users.add(faults);
  if (users.size === 1) subscribe(channel, onRequest);
  return () => {
    if (users.delete(faults) && users.size === 0) unsubscribe(channel, onRequest);
  };
}

// What a subscriber throws becomes an uncaughtException.
function onRequest(message: unknown): void {
  const [faults] = users;
  if (faults?.isUsable(place) !== true) return;
  try {
    const context = activeContext();
    const { request } = message as { request: UndiciRequest };
    // Another's traceparent, of the caller or of an instrumentation that came first, must not get our tracestate.
    if (trace.getSpanContext(context) === undefined || hasHeader(request, 'traceparent')) return;
    propagation.inject(context, request, setter);
  } catch (error) {
    faults.caught(place, error);
  }
}

function hasHeader({ headers }: UndiciRequest, name: string): boolean {
  for (let index = 0; index < headers.length; index += 2) {
    if (String(headers[index]).toLowerCase() === name) return true;
  }
  return false;
}
