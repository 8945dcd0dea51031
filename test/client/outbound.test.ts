import { ROOT_CONTEXT } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createBreakers } from '../../src/client/breakers.js';
import { resolveBreakers, type UpstreamBreakerOptions } from '../../src/client/options.js';
import { Outbound } from '../../src/client/outbound.js';
import { createTarget } from '../../src/client/target.js';
import { createPropagation } from '../../src/context/propagators.js';
import { createFaults } from '../../src/core/faults.js';
import { createMethods, DEFAULT_METHODS } from '../../src/metrics/http-methods.js';
import { type CallTracing, noCallTracing } from '../../src/trace/call-tracing.js';
import { createFakeClock } from '../support/fake-clock.js';
import { collectGarbage } from '../support/garbage.js';

const log = { debug() {}, info() {}, warn() {}, error() {}, warnOnce() {} } as never;

function createOutbound(options: UpstreamBreakerOptions = {}, tracing: CallTracing = noCallTracing) {
  const clock = createFakeClock();
  const faults = createFaults(log);
  const breakers = createBreakers({
    configOf: resolveBreakers({ maxConcurrent: 1e6, ...options }),
    clock,
    faults,
    log,
    isStalled: () => false,
    onTransition() {},
  });
  const outbound = new Outbound({
    clock,
    faults,
    timers: clock,
    methodOf: createMethods(DEFAULT_METHODS),
    tracing,
    red: undefined,
    backlog: undefined,
    propagation: createPropagation(
      ['none'],
      () => undefined,
      () => {},
    ),
    isPropagatedTo: () => true,
    breakers: breakers.upstreams,
    mayRepeat: false,
    ownServers: { version: 0, servers: () => [] },
  });
  const begin = (host = 'orders') => outbound.begin(createTarget('GET', 'http', host, 80, '/'), ROOT_CONTEXT);
  const evidence = (name = 'orders:80') => breakers.get(name)?.snapshot();
  return { clock, faults, outbound, breakers, begin, evidence };
}

beforeEach(() => {
  // The stall watch ticks with the timers of the process.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const minute = (clock: { stall(ms: number): void }) => {
  for (let tick = 0; tick < 601; tick += 1) {
    clock.stall(100);
    vi.advanceTimersByTime(100);
  }
};

describe('a body that nobody reads', () => {
  test('is taken after a minute for what its status said', () => {
    const { clock, outbound, begin, evidence, breakers } = createOutbound();
    const call = begin();
    outbound.responded(call, 200, undefined, '1.1');
    expect(evidence()).toMatchObject({ calls: 0 });
    minute(clock);
    expect(evidence()).toMatchObject({ calls: 1, failures: 0 });
    expect(breakers.get('orders:80')?.inFlight).toBe(0);
    outbound.failed(call, new Error('late'));
    expect(evidence()).toMatchObject({ calls: 1, failures: 0 });
    // Nothing ticks for a call that is over.
    vi.advanceTimersByTime(200);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is still ended by a time-out that is longer', () => {
    const { clock, outbound, begin, evidence, breakers } = createOutbound({ timeoutMs: 90_000 });
    const call = begin();
    const aborted: Error[] = [];
    outbound.startDeadline(call, aborted, (list, error) => void list.push(error));
    outbound.responded(call, 200, undefined, '1.1');
    minute(clock);
    // What is counted leaves the window after ten seconds.
    expect(breakers.get('orders:80')?.inFlight).toBe(0);
    expect(aborted).toEqual([]);
    clock.advanceNow(30_000);
    expect(aborted).toMatchObject([{ code: 'ERR_UPSTREAM_TIMEOUT' }]);
    expect(evidence()).toMatchObject({ failures: 0 });
  });
});

test('a call ends once, whatever is told of it', () => {
  const { outbound, begin, evidence, faults } = createOutbound();
  const call = begin();
  outbound.responded(call, 200, undefined, '1.1');
  outbound.responded(call, 500, undefined, '1.1');
  outbound.completed(call);
  outbound.failed(call, new Error('x'));
  outbound.completed(call);
  expect(call.statusCode).toBe(200);
  expect(evidence()).toMatchObject({ calls: 1, failures: 0 });
  expect(faults.count).toBe(0);
});

test('a reset on a used connection is no evidence at first, but it is when the upstream has kept us waiting', () => {
  const { clock, outbound, begin, evidence } = createOutbound();
  const reset = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
  const stale = begin();
  stale.isReusedSocket = true;
  clock.stall(999);
  outbound.failed(stale, reset);
  expect(evidence()).toMatchObject({ calls: 0 });

  const late = begin();
  late.isReusedSocket = true;
  clock.stall(1_000);
  outbound.failed(late, reset);
  expect(evidence()).toMatchObject({ calls: 1, failures: 1 });
});

test('only a call that is sampled may be an example of its metric', () => {
  const { begin } = createOutbound();
  const call = begin();
  const context = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
  expect([call.isTraced, call.exemplarContext]).toEqual([false, undefined]);
  call.spanContext = { ...context, traceFlags: 2 };
  expect([call.isTraced, call.exemplarContext]).toEqual([false, undefined]);
  call.spanContext = { ...context, traceFlags: 3 };
  expect([call.isTraced, call.exemplarContext]).toEqual([true, call.spanContext]);
});

test('hosts that are made up do not grow what is kept', () => {
  const { outbound, begin, breakers, clock } = createOutbound();
  const refused = Object.assign(new Error('no such host'), { code: 'ENOTFOUND' });
  const round = (from: number) => {
    for (let index = from; index < from + 50_000; index += 1) {
      if (index % 100 === 0) clock.stall(10);
      outbound.failed(begin(`made-up-${index}.example`), refused);
    }
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const before = round(0);
  const after = round(50_000);
  expect(breakers.all().length).toBeLessThanOrEqual(1_000);
  expect(after - before).toBeLessThan(2 ** 20);
});

test('a call that cannot be begun, or followed, takes no place and is no evidence', () => {
  const broken = {
    ...noCallTracing,
    begin() {
      throw new Error('no tracer');
    },
  };
  const { begin, breakers } = createOutbound({ maxConcurrent: 1 }, broken);
  for (let count = 0; count < 3; count += 1) expect(() => begin()).toThrow('no tracer');
  expect(breakers.get('orders:80')?.inFlight).toBe(0);

  const { outbound, begin: beginWell, evidence } = createOutbound({ maxConcurrent: 1 });
  for (let count = 0; count < 3; count += 1) outbound.abandon(beginWell());
  expect(evidence()).toMatchObject({ calls: 0, failures: 0, rejected: 0 });
});

test('an error that isFailure is shown is an ordinary one, of one call, also where the client told of none', () => {
  const seen: object[] = [];
  const { outbound, begin } = createOutbound({
    isFailure({ error }) {
      seen.push(Object.assign(error as Error, { seen: true }));
      return true;
    },
  });
  for (let index = 0; index < 2; index += 1) outbound.failed(begin(), undefined);
  expect(new Set(seen).size).toBe(2);
  for (const error of seen) expect(error).toMatchObject({ code: 'ECONNRESET', seen: true });
});

test('a call that cannot be answered passes an open circuit that would answer it, and is a probe once its time is up', () => {
  const { outbound, begin, breakers, clock } = createOutbound({
    minimumCalls: 2,
    openMs: 1_000,
    jitterRatio: 0,
  });
  const end = (call: ReturnType<typeof begin>, status: number) => {
    outbound.responded(call, status, undefined, '1.1');
    outbound.completed(call);
  };
  for (let nth = 0; nth < 2; nth += 1) end(begin(), 500);
  const breaker = breakers.get('orders:80');
  expect(breaker).toMatchObject({ state: 'open', rejectsAs: 'response' });
  expect(() => begin()).toThrow();

  const target = createTarget('GET', 'http', 'orders', 80, '/');
  const beginUnseen = () => outbound.begin(target, ROOT_CONTEXT, 0, false, false);
  const before = breaker?.snapshot().rejected;
  end(beginUnseen(), 200);
  expect(breaker?.snapshot()).toMatchObject({ state: 'open', rejected: before });

  clock.advanceNow(1_000);
  for (let nth = 0; nth < 3; nth += 1) end(beginUnseen(), 200);
  expect(breaker?.state).toBe('closed');
});
