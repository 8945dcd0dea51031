import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Overload } from '../../src/health/overload.js';
import { type OverloadOptions, resolveOverload } from '../../src/health/overload-options.js';
import { Shedding } from '../../src/process/shedding.js';
import { createFakeClock } from '../support/fake-clock.js';

const hot = { delayP99Ms: 500, utilization: 1 };
const calm = { delayP99Ms: 1, utilization: 0.1 };

function createShedding(options: OverloadOptions, random = () => 0) {
  const config = resolveOverload(options);
  const caught: unknown[] = [];
  const faults = { caught: (_place: string, error: unknown) => caught.push(error) };
  const overload = new Overload(config, createFakeClock(), random);
  return { shedding: new Shedding({ config, overload, faults }), caught };
}

const request = {} as http.IncomingMessage;

describe('shedding', () => {
  test('is off until the process is overloaded, and again when it is calm', () => {
    const { shedding } = createShedding({ shed: true });
    expect(shedding.isOn).toBe(false);
    shedding.sample(hot);
    expect(shedding.isOn).toBe(false);
    shedding.sample(hot);
    expect(shedding.isOn).toBe(true);
    shedding.sample(calm);
    shedding.sample(calm);
    expect(shedding.isOn).toBe(false);
  });

  test('stays off where overload is only observed', () => {
    const { shedding } = createShedding({});
    shedding.sample(hot);
    shedding.sample(hot);
    expect(shedding.isOn).toBe(false);
  });

  test.each([true, false])('with shed: %s, a gauge says while the process is overloaded', (shed) => {
    const { shedding } = createShedding({ shed });
    const gauge = shedding.instruments.find(({ name }) => name === 'golden_signals.overload.active');
    const read = () => [...(gauge?.series ?? [])].map(({ value }) => (value as { value: number }).value);
    expect(read()).toEqual([0]);
    shedding.sample(hot);
    shedding.sample(hot);
    expect(read()).toEqual([1]);
    shedding.sample(calm);
    shedding.sample(calm);
    expect(read()).toEqual([0]);
  });

  test('turns away a share of the requests', () => {
    let next = 0;
    const { shedding } = createShedding({ shed: true }, () => next);
    shedding.sample(hot);
    shedding.sample(hot);
    next = 0.24;
    expect(shedding.turnsAway(request)).toBe(true);
    next = 0.25;
    expect(shedding.turnsAway(request)).toBe(false);
  });

  test('spares requests with priority; a function that throws or does not say true gives none', () => {
    const { shedding, caught } = createShedding({
      shed: true,
      priority(req) {
        if (req.url === '/throws') throw new Error('who?');
        return (req.url === '/pay' || 'yes') as boolean;
      },
    });
    shedding.sample(hot);
    shedding.sample(hot);
    const turnsAway = (url: string) => shedding.turnsAway({ url } as http.IncomingMessage);
    expect([turnsAway('/pay'), turnsAway('/list'), turnsAway('/throws')]).toEqual([false, true, true]);
    expect(caught).toEqual([new Error('who?')]);
  });

  test('answers 503 with a time to come back, counts it, and keeps the connection', async () => {
    const { shedding } = createShedding({ shed: true });
    const server = http.createServer((_req, res) => shedding.turnAway(res)).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const agent = new http.Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const { port } = server.address() as AddressInfo;
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      http.get({ port, host: '127.0.0.1', agent }, resolve).on('error', reject);
    });
    response.resume();

    expect(response.statusCode).toBe(503);
    expect(response.headers).toMatchObject({
      'retry-after': '1',
      'content-length': '0',
      'cache-control': 'no-store',
      connection: 'keep-alive',
    });
    const [instrument] = shedding.instruments;
    expect(instrument?.name).toBe('golden_signals.overload.shed');
    expect([...(instrument?.series ?? [])]).toEqual([{ attributes: {}, value: { value: 1 } }]);
  });
});
