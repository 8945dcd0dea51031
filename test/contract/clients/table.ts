import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLIENTS, type Case, casesOf, rejectionOf, undiciClients } from './cases.js';
import { type Child, type ImportOrder, type ModuleSystem, type Outcome, startChild } from './children.js';
import { type MisbehavingServer, startMisbehavingServer } from './misbehaving-server.js';

const CLIENT = 2;
const ERROR = 2;
const [nodeMajor = 0] = process.versions.node.split('.').map(Number);

/** Each copy of undici has a process of its own, for finding one of them finds them all. */
const GROUPS: readonly (readonly string[])[] = [
  CLIENTS,
  undiciClients('undici6'),
  undiciClients('undici7'),
  // It does not load on Node 20.
  ...(nodeMajor >= 22 ? [undiciClients('undici8')] : []),
];

let ids = 0;

/** Every client × every case, for one module system and each order of import. */
export function describeClients(system: ModuleSystem, orders: readonly ImportOrder[]): void {
  describe.each(orders)('%s', (order) => {
    const children = new Map<string, Child>();
    let server: MisbehavingServer;
    let refusedPort: number;

    beforeAll(async () => {
      server = await startMisbehavingServer();
      refusedPort = await closedPort();
      await Promise.all(
        GROUPS.map(async (clients) => {
          const child = await startChild(system, order, clients);
          for (const client of clients) children.set(client, child);
        }),
      );
    });
    afterAll(async () => {
      await Promise.all([...new Set(children.values())].map((child) => child.stop()));
      await server.close();
    });

    describe.each(GROUPS.flat())('%s', (client) => {
      const childOf = () => children.get(client) as Child;

      test.each(casesOf(client).map((row) => [row.title, row] as const))('%s', async (_title, row) => {
        const id = `${ids++}`;
        const outcome = await childOf().call({ client, ...placeOf(row, id), ...orderOf(row, id) });
        expectCase(row, outcome, server, id);
      });

      test('an open circuit', async () => {
        const id = `${ids++}`;
        const upstream = `127.0.0.1:${server.port}`;
        const { connections } = server;
        const outcome = await childOf().call({
          client,
          url: `http://${upstream}/ok?case=${id}`,
          upstream,
          circuit: 'open',
        });

        expect(server.seen(id)).toEqual([]);
        expect(server.connections).toBe(connections);
        expectRejection(rejectionOf(client, order), outcome, upstream);
      });
    });

    test('nothing was left unhandled', async () => {
      const complaints = await Promise.all([...new Set(children.values())].map((child) => child.complaints()));
      expect(complaints.flat()).toEqual([]);
    });

    function placeOf({ to }: Case, id: string): { url: string; upstream: string } {
      const query = `?case=${id}&sig=secret`;
      if (to === 'unresolved') return { url: `http://nowhere.invalid/x${query}`, upstream: 'nowhere.invalid:80' };
      const port = to === 'refused' ? refusedPort : server.port;
      const scheme = to === 'tls' ? 'https' : 'http';
      return { url: `${scheme}://127.0.0.1:${port}/${to}${query}`, upstream: `127.0.0.1:${port}` };
    }

    function orderOf({ order: more }: Case, id: string) {
      if (more?.warmUp === undefined) return more;
      return { ...more, warmUp: `http://127.0.0.1:${server.port}/${more.warmUp}?case=${id}-warm-up` };
    }
  });
}

function expectCase(row: Case, outcome: Outcome, server: MisbehavingServer, id: string): void {
  const { result, spans, points, caller, evidence } = outcome;
  expect(outcome.isSettled).toBe(true);
  if (row.gives === 'error') expect(result.error).toBeDefined();
  else expect(result).toMatchObject({ status: row.gives });

  // One span per attempt, ended once, under the caller's.
  expect(spans.map(({ attributes }) => summaryOf(attributes))).toEqual(
    row.attempts.map(({ status, errorType }) => ({
      status,
      errorType: errorType instanceof RegExp ? expect.stringMatching(errorType) : errorType,
    })),
  );
  for (const [index, span] of spans.entries()) {
    const { attributes } = span;
    expect(span).toMatchObject({ kind: CLIENT, traceId: caller.traceId, parentSpanId: caller.spanId });
    expect(span.name).toBe(row.order?.method ?? 'GET');
    expect(span.status).toBe(attributes['error.type'] === undefined ? 0 : ERROR);
    expect(attributes['http.request.resend_count']).toBe(index === 0 ? undefined : index);
    expect(attributes['url.full']).toContain('sig=REDACTED');
    expect(attributes).toMatchObject({
      'server.address': row.to === 'unresolved' ? 'nowhere.invalid' : '127.0.0.1',
      'server.port': expect.any(Number),
    });
    if (attributes['http.response.status_code'] !== undefined) {
      expect(attributes).toMatchObject({
        'network.protocol.version': '1.1',
        'network.peer.address': '127.0.0.1',
        'network.peer.port': server.port,
      });
    }
  }

  // Measured once each, with what the span says.
  const measured = points.flatMap(({ attributes, count }) => Array(count).fill(summaryOf(attributes)));
  const told = spans.map(({ attributes }) => summaryOf(attributes));
  expect(measured).toHaveLength(told.length);
  expect(measured).toEqual(expect.arrayContaining(told));

  // What arrived carries the ids of the span that it was sent under.
  const seen = server.seen(id).map(({ headers }) => headers.traceparent);
  const sent = spans.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-03`);
  if (['refused', 'unresolved', 'tls'].includes(row.to)) expect(seen).toEqual([]);
  else expect(seen).toEqual(sent);

  expect(verdictOf(evidence, spans.length)).toBe(row.verdict);
}

function summaryOf(attributes: Readonly<Record<string, unknown>>) {
  return { status: attributes['http.response.status_code'], errorType: attributes['error.type'] };
}

function verdictOf({ calls, failures, state }: Outcome['evidence'], attempts: number): string {
  if (state === 'open') return 'held';
  if (calls === 0) return 'nothing';
  if (calls !== attempts) return `${calls} calls of ${attempts} attempts`;
  return failures === 0 ? 'fine' : failures === calls ? 'failure' : `${failures} failures of ${calls} calls`;
}

function expectRejection(kind: 'itself' | 'code' | 'cause', outcome: Outcome, upstream: string): void {
  const { result, spans, points, caller, evidence } = outcome;
  const error = kind === 'cause' ? result.error?.cause : result.error;
  expect(error).toMatchObject({ code: 'ERR_CIRCUIT_OPEN' });
  if (kind !== 'code') expect(error).toMatchObject({ name: 'CircuitOpenError', upstream });

  expect(spans).toMatchObject([
    { kind: CLIENT, status: ERROR, parentSpanId: caller.spanId, durationNs: 0 },
  ]);
  expect(spans[0]?.attributes).toMatchObject({ 'error.type': 'ERR_CIRCUIT_OPEN' });
  expect(points).toEqual([]);
  expect(evidence).toMatchObject({ calls: 0, rejected: 1 });
  expect(caller.events).toMatchObject([
    { name: 'golden_signals.breaker.rejected', attributes: { 'golden_signals.breaker.name': upstream } },
  ]);
}

/** A port of the loopback on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
