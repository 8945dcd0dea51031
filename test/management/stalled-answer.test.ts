import { describe, expect, test } from 'vitest';
import { resolveHealth } from '../../src/health/options.js';
import type { Verdict } from '../../src/health/probe.js';
import { StallGauge } from '../../src/management/stall.js';
import { probeOf, stalledAnswer } from '../../src/management/stalled-answer.js';
import type { RouteRequest } from '../../src/server/probes/own-route.js';

const pass: Verdict = { ok: true, status: 'pass', reason: undefined, httpStatus: 200 };
const draining: Verdict = { ok: false, status: 'fail', reason: 'draining', httpStatus: 503 };
const { path, probes } = resolveHealth();
const request = (url: string, accept?: string): RouteRequest => ({ method: 'GET', url, headers: { accept } });

function ask(
  url: string,
  { stalledMs = 1_250, maxStallMs = undefined as number | undefined, verdict = pass } = {},
) {
  const asked = request(url);
  const verdicts = { live: verdict, startup: verdict, ready: verdict, health: verdict };
  const probe = probeOf({ probes: { path, probes } }, asked);
  return stalledAnswer(probe, asked, verdicts, { stalledMs, maxStallMs }, () => 0.5);
}

describe('in place of a blocked main thread', () => {
  test('a probe says what it would have said last, and why there is no more', () => {
    const { status, body, headers } = ask('/health/ready');
    expect([status, JSON.parse(String(body))]).toEqual([
      200,
      { status: 'pass', notes: ['the main thread has not moved for 1.3 s'] },
    ]);
    expect(headers).toMatchObject({
      'Cache-Control': 'no-store',
      'Content-Type': 'application/json; charset=utf-8',
    });
    expect(JSON.parse(String(ask('/health', { verdict: draining }).body))).toMatchObject({
      reason: 'draining',
    });
  });

  test('live says that it is dead only past the limit, and so do ready and health', () => {
    const at = (stalledMs: number, url: string) => ask(url, { stalledMs, maxStallMs: 30_000 }).status;
    expect([at(30_000, '/health/live'), at(30_001, '/health/live')]).toEqual([200, 503]);
    expect([at(30_001, '/health/ready'), at(30_001, '/health'), at(30_001, '/health/startup')]).toEqual([
      503, 503, 200,
    ]);
    expect(ask('/health/live', { stalledMs: 1e9 }).status).toBe(200);
  });

  test('a probe from before the first word of the main thread says starting', () => {
    const asked = request('/health/ready');
    const { status, body } = stalledAnswer(
      'ready',
      asked,
      undefined,
      { stalledMs: 600, maxStallMs: undefined },
      () => 0,
    );
    expect([status, String(body)]).toEqual([503, expect.stringContaining('starting')]);
  });

  test('anything else is unavailable', () => {
    expect(ask('/metrics')).toMatchObject({ status: 503, headers: { 'Retry-After': '1' } });
  });

  test('no path is a probe where probes are off', () => {
    expect(probeOf({ probes: undefined }, request('/health'))).toBeUndefined();
  });
});

describe('a stall', () => {
  test('lasts from the first look that found nothing new, until the next beat', () => {
    let beat = 0;
    const gauge = new StallGauge(() => beat, 100);
    const looks = (count: number) => {
      for (let look = 0; look < count; look += 1) gauge.look();
    };
    looks(3);
    expect(gauge.stalledMs).toBe(300);
    beat += 1;
    expect(gauge.stalledMs).toBe(0);
    looks(1);
    expect(gauge.stalledMs).toBe(0);
    looks(2);
    expect(gauge.stalledMs).toBe(200);
  });

  test('is not held against a main thread that was suspended with all of the process', () => {
    const gauge = new StallGauge(() => 0, 100);
    gauge.look();
    // However long nobody looked, it is one look more.
    gauge.look();
    expect(gauge.stalledMs).toBe(200);
  });
});
