import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import { build } from '../contract/support/built.js';
import { startFixture } from './support/child.js';
import { consoleFor } from './support/console.js';

const patient = { timeout: 120_000, interval: 100 };

interface BreakerRow {
  readonly service: string;
  readonly state: string;
  readonly changes: readonly { readonly state: string }[];
  readonly calls: { readonly count: number; readonly errors: number };
  readonly reasons: readonly { readonly reason: string; readonly count: number }[];
  readonly sinceMs: number;
  readonly nextTryMs: number;
  readonly tripped: { readonly traceId: string; readonly spanId: string } | null;
}

/** A port on which nothing listens any more. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('the circuit of a real service opens where its upstream is dead: it is listed with the call that opened it, and an alert fires', {
  timeout: 600_000,
}, async () => {
  build();
  const { endpoint, ask } = await consoleFor({ maxForMs: 1_000 });
  const upstream = `127.0.0.1:${await deadPort()}`;
  const { url } = await startFixture('caller.cjs', endpoint, { UPSTREAM: `http://${upstream}/charges` });
  const answers: string[] = [];
  // One after the other, until a call is not made any more.
  while (answers.at(-1) !== 'ERR_CIRCUIT_OPEN') {
    expect(answers.length).toBeLessThan(200);
    const response = await fetch(url);
    expect(response.status).toBe(502);
    answers.push(await response.text());
  }
  const made = answers.length - 1;
  expect(new Set(answers.slice(0, made))).toEqual(new Set(['ECONNREFUSED']));

  const row = await vi.waitFor(async () => {
    const { rows } = await ask<{ rows: BreakerRow[] }>('/api/breakers?service=order');
    expect(rows).toMatchObject([
      { service: 'order', name: upstream, state: 'open', tripped: { isCertain: true } },
    ]);
    // The call that was not made may come with a later export.
    expect(rows[0]?.calls).toMatchObject({ count: made + 1, errors: made + 1 });
    return rows[0] as BreakerRow;
  }, patient);
  expect(row.changes.map(({ state }) => state).at(-1)).toBe('open');
  expect(row.reasons).toContainEqual({ reason: 'ECONNREFUSED', count: made });
  expect(row.tripped).toMatchObject({ calls: made, failures: made, why: expect.any(String) });
  expect(row.nextTryMs).toBeGreaterThan(row.sinceMs);
  // The trace that it names has the call.
  const { spans } = await ask<{ spans: { spanId: string; kind: string; isFailed: boolean }[] }>(
    `/api/traces/${row.tripped?.traceId}`,
  );
  expect(spans.find(({ spanId }) => spanId === row.tripped?.spanId)).toMatchObject({
    kind: 'client',
    isFailed: true,
  });

  await vi.waitFor(async () => {
    const { alerts } = await ask<{ alerts: { name: string; state: string; evidence: unknown }[] }>(
      '/api/alerts',
    );
    expect(alerts).toContainEqual(
      expect.objectContaining({
        name: 'CircuitBreakerOpen',
        state: 'firing',
        evidence: expect.objectContaining({
          traces: expect.arrayContaining([expect.objectContaining({ isFailed: true })]),
        }),
      }),
    );
  }, patient);
});
