import { expect } from 'vitest';
import { type Address, send } from '../contract/support/client.js';
import type { Telemetry } from '../contract/support/service.js';

/** Requests, as `/path` or `METHOD /path`, and the http.route that each must get; undefined for none. */
export type Expected = Readonly<Record<string, string | undefined>>;

/** Sends the requests one by one, and gives the route that each got; the name of the span must say the same. */
export async function routesOf(
  address: Address,
  service: Telemetry,
  calls: readonly string[],
): Promise<Record<string, unknown>> {
  const before = (await service.spans(0)).length;
  const found: Record<string, unknown> = {};
  for (const [index, call] of calls.entries()) {
    const [method, path] = call.startsWith('/') ? ['GET', call] : (call.split(' ') as [string, string]);
    await send(address, { method, path });
    const span = (await service.spans(before + index + 1))[before + index];
    found[call] = span?.attributes['http.route'];
    expect(span?.name).toBe(found[call] === undefined ? method : `${method} ${found[call]}`);
  }
  return found;
}
