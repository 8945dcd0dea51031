import { createHook } from 'node:async_hooks';
import * as net from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createDeferred } from '../health/support/harness.js';
import { eventually } from '../support/eventually.js';
import { collectGarbage } from '../support/garbage.js';
import type { App } from './apps/app.js';
import { plainHttp1Kinds } from './apps/kinds.js';
import { pipeline } from './support/pipeline.js';
import { start, useCollector } from './support/service.js';

useCollector();

describe.each(plainHttp1Kinds)('$name', (kind) => {
  test('1,000 probes at once run each check once, and once more for each second that they take', async () => {
    const check = createDeferred();
    const run = vi.fn(() => check.promise);
    const { address } = await start(kind, {
      options: { health: { checks: { disk: { run, critical: true, intervalMs: 0 } } } },
    });
    const paths = Array.from({ length: 100 }, () => '/health/ready');
    const startMs = performance.now();
    const answers = Promise.all(Array.from({ length: 10 }, () => pipeline(address.port, paths)));
    check.resolve();
    expect(new Set((await answers).flat().map(({ status }) => status))).toEqual(new Set([200]));
    // A check that runs when it is asked rests for a second, which a busy machine may need for the answers.
    const seconds = Math.floor((performance.now() - startMs) / 1_000);
    expect(run.mock.calls.length).toBeLessThanOrEqual(1 + seconds);
  });

  test('probes by the thousand leave nothing behind', async () => {
    const { address, app } = await start(kind, {
      options: { health: { checks: { db: { run: () => true, intervalMs: 600_000 } }, detail: 'never' } },
    });
    const batch = Array.from({ length: 1_000 }, () => '/health/ready');
    const sendBatches = async (count: number) => {
      for (let sent = 0; sent < count; sent += 1) await pipeline(address.port, batch);
    };
    await sendBatches(2);
    const timers = countTimers();
    const before = footprint(app);

    await sendBatches(kind.name === 'http' ? 20 : 3);

    await eventually('connections to close', () => footprint(app).handles <= before.handles);
    const after = footprint(app);
    expect([after.process, after.server]).toEqual([before.process, before.server]);
    expect(after.heapBytes).toBeLessThan(1.2 * before.heapBytes);
    // A connection has timers, and they end with it; what is left are those of the exporters.
    expect(timers.alive()).toBeLessThan(10);
  });
});

function footprint({ target }: App) {
  const listenersOf = (emitter: NodeJS.EventEmitter) =>
    emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);
  collectGarbage();
  return {
    handles: process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length,
    process: listenersOf(process),
    server: target instanceof net.Server ? listenersOf(target) : 0,
    heapBytes: process.memoryUsage().heapUsed,
  };
}

/** Counts the timers that are set from here on and not yet done with, those that are unref'ed too. */
function countTimers() {
  const alive = new Set<number>();
  const hook = createHook({
    init: (id, type) => void (type === 'Timeout' && alive.add(id)),
    destroy: (id) => void alive.delete(id),
  }).enable();
  onTestFinished(() => void hook.disable());
  return { alive: () => alive.size };
}
