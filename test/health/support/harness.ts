import type { CheckChange, Isolate } from '../../../src/health/check-reading.js';
import { Health, type HealthEvents } from '../../../src/health/health.js';
import type { ProbeTarget } from '../../../src/health/match.js';
import { type HealthOptions, resolveHealth } from '../../../src/health/options.js';
import type { Probe } from '../../../src/health/probe.js';
import type { ProbeRequest, ProbeResponse } from '../../../src/health/response.js';
import type { TaskEnd } from '../../../src/health/startup.js';
import type { StateChange } from '../../../src/health/state.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';

export const target = (probe: Probe, group?: string): ProbeTarget => ({ probe, group });

export const get: ProbeRequest = { method: 'GET', accept: undefined, closeConnection: false };

/** A promise and the ways to end it. */
export interface Deferred {
  readonly promise: Promise<unknown>;
  readonly resolve: (value?: unknown) => void;
  readonly reject: (reason?: unknown) => void;
}

export function createDeferred(): Deferred {
  let resolve: Deferred['resolve'] = () => {};
  let reject: Deferred['reject'] = () => {};
  const promise = new Promise((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

export const never = (): Promise<never> => new Promise(() => {});

export interface TestHealth {
  readonly clock: FakeClock;
  readonly health: Health;
  readonly changes: CheckChange[];
  readonly states: StateChange[];
  readonly tasks: TaskEnd[];
  readonly faults: unknown[];
  /** Asks a probe and lets 800 ms pass if it has to wait. */
  ask(probe: Probe, options?: { group?: string; detail?: boolean }): Promise<ProbeResponse>;
}

/** A health with fake time and no jitter. */
export function createTestHealth(
  options: HealthOptions = {},
  listeners: Partial<HealthEvents> = {},
  isolate: Isolate = (run) => run(),
): TestHealth {
  const clock = createFakeClock();
  const changes: CheckChange[] = [];
  const states: StateChange[] = [];
  const tasks: TaskEnd[] = [];
  const faults: unknown[] = [];
  const health = new Health({
    config: resolveHealth(options),
    identity: { name: 'orders', version: '1.4.2' },
    clock,
    timers: clock,
    random: () => 0.5,
    faults: { caught: (_place, error) => void faults.push(error) },
    isolate,
    events: {
      onChange: (change) => void changes.push(change),
      onState: (change) => void states.push(change),
      onTask: (end) => void tasks.push(end),
      ...listeners,
    },
  });
  return {
    clock,
    health,
    changes,
    states,
    tasks,
    faults,
    async ask(probe, { group, detail = false } = {}) {
      const answer = health.answer(target(probe, group), get, detail);
      if (answer instanceof Promise) await clock.advance(800);
      return answer;
    },
  };
}

/** The same, started, listening, and with every first result that is going to come at once. */
export async function createRunningHealth(options: HealthOptions = {}): Promise<TestHealth> {
  const test = createTestHealth(options);
  test.health.start();
  test.health.listening();
  await test.clock.advance(0);
  return test;
}
