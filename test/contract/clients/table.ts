import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Case, CLIENTS, casesOf, rejectionOf, undiciClients } from './cases.js';
import {
  type Child,
  type ImportOrder,
  type ModuleSystem,
  type Order,
  type Outcome,
  startChild,
} from './children.js';
import { expectAnswer, expectCase, expectRejection } from './expectations.js';
import { type MisbehavingServer, startMisbehavingServer } from './misbehaving-server.js';

const [nodeMajor = 0] = process.versions.node.split('.').map(Number);

/** Each copy of undici has a process of its own, for finding one of them finds them all. */
const GROUPS: readonly (readonly [string, readonly string[]])[] = [
  ['node and its libraries', CLIENTS],
  ['undici 6', undiciClients('undici6')],
  ['undici 7', undiciClients('undici7')],
  // It does not load on Node 20.
  ...(nodeMajor >= 22 ? [['undici 8', undiciClients('undici8')] as const] : []),
];

/** Nobody listens there, and no system gives it to a server that asks for any port: one that was closed may be another test's by now. */
const refusedPort = 3;

/** How often a case is tried that the machine got in the way of. */
const MOST_ATTEMPTS = 20;

/** What an order of import can change is whether a call is seen: these cases show it. */
const CANARIES: ReadonlySet<string> = new Set([
  '200',
  '500',
  'a port that refuses',
  'an abort before the head',
]);

export interface ImportOrders {
  readonly whole: readonly ImportOrder[];
  readonly canaries: readonly ImportOrder[];
}

/** Every client × every case, for one module system and the orders of import of `whole`; for the others every client × the canaries. */
export function describeClients(system: ModuleSystem, { whole, canaries }: ImportOrders): void {
  describe.each([...whole, ...canaries])('%s', (order) => {
    const isIn = ({ title }: Case) => whole.includes(order) || CANARIES.has(title);
    describe.concurrent.each(GROUPS)('%s', (_group, clients) => describeGroup(system, order, clients, isIn));
  });
}

function describeGroup(
  system: ModuleSystem,
  order: ImportOrder,
  clients: readonly string[],
  isIn: (row: Case) => boolean,
): void {
  let child: Child;
  let server: MisbehavingServer;
  let ids = 0;

  beforeAll(async () => {
    server = await startMisbehavingServer();
    child = await startChild(system, order, clients);
  });
  afterAll(async () => {
    await child.stop();
    await server.close();
  });

  // One after the other, for what is ended and counted belongs to one call only.
  describe.sequential.each(clients)('%s', (client) => {
    const rows = casesOf(client).filter(isIn);
    test.each(rows.map((row) => [row.title, row] as const))('%s', async (_title, row) => {
      for (let left = MOST_ATTEMPTS; left > 0; left -= 1) {
        const id = `${ids++}`;
        const outcome = await call(row, { client, ...placeOf(row, id), ...row.order }, id);
        if (left > 1 && isBesideThePoint(row, outcome, id)) continue;
        expectCase(row, outcome, server, id);
        break;
      }
    });

    test('an open circuit of an upstream that could not be reached', async () => {
      const id = `${ids++}`;
      const upstream = `127.0.0.1:${server.port}`;
      const warmUp = `http://${upstream}/reset?case=${id}-warm-up`;
      const url = `http://${upstream}/ok?case=${id}`;
      const outcome = await child.call({ client, url, upstream, circuit: 'open', warmUp });

      expect(server.seen(id)).toEqual([]);
      expectRejection(rejectionOf(client, order), outcome, upstream);
    });

    test('an open circuit of an upstream that has answered badly', async () => {
      const id = `${ids++}`;
      const upstream = `127.0.0.1:${server.port}`;
      const warmUp = `http://${upstream}/500?case=${id}-warm-up`;
      const url = `http://${upstream}/ok?case=${id}`;
      const outcome = await child.call({ client, url, upstream, circuit: 'open', warmUp });

      expect(server.seen(id)).toEqual([]);
      expectAnswer(outcome, upstream);
    });
  });

  describe.sequential('in the end', () => {
    test('nothing was left unhandled', async () => {
      expect(await child.complaints()).toEqual([]);
    });
  });

  /**
   * A time-out of a process that stood still is no evidence, on a busy machine the time may be up before the upstream has the request,
   * and a pool may open a second connection while the first is being freed.
   */
  function isBesideThePoint(row: Case, { hasStoodStill }: Outcome, id: string): boolean {
    const { title, order: more, verdict } = row;
    if (title.includes('time-out'))
      return server.seen(id).length === 0 || (verdict === 'failure' && hasStoodStill);
    return more?.warmUp !== undefined && title.startsWith('a kept') && server.seen(id)[0]?.onConnection === 1;
  }

  async function call(row: Case, given: Order, id: string): Promise<Outcome> {
    await server.idle();
    if (row.order?.abort !== undefined && 'onceSeen' in row.order.abort)
      void server.hanging(id).then(() => child.abort());
    if (given.warmUp === undefined) return child.call(given);
    return child.call({
      ...given,
      warmUp: `http://127.0.0.1:${server.port}/${given.warmUp}?case=${id}-warm-up`,
    });
  }

  function placeOf({ to }: Case, id: string): { url: string; upstream: string } {
    const query = `?case=${id}&sig=secret`;
    if (to === 'unresolved')
      return { url: `http://nowhere.invalid/x${query}`, upstream: 'nowhere.invalid:80' };
    const port = to === 'refused' ? refusedPort : server.port;
    const scheme = to === 'tls' ? 'https' : 'http';
    return { url: `${scheme}://127.0.0.1:${port}/${to}${query}`, upstream: `127.0.0.1:${port}` };
  }
}
