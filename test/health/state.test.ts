import { describe, expect, test } from 'vitest';
import { Lifecycle, type StateChange } from '../../src/health/state.js';
import { createFakeClock, fakeEpochMs } from '../support/fake-clock.js';

function createLifecycle() {
  const clock = createFakeClock();
  const changes: StateChange[] = [];
  return { clock, changes, lifecycle: new Lifecycle(clock, (change) => void changes.push(change)) };
}

describe('the life of a service', () => {
  test('goes from starting over ready and draining to closed', () => {
    const { lifecycle, changes } = createLifecycle();
    expect(lifecycle.state).toBe('starting');
    lifecycle.started();
    lifecycle.drain();
    lifecycle.close();
    expect(changes.map(({ from, to }) => `${from} > ${to}`)).toEqual([
      'starting > ready',
      'ready > draining',
      'draining > closed',
    ]);
  });

  test('never goes back', () => {
    const { lifecycle, changes } = createLifecycle();
    lifecycle.close();
    lifecycle.drain();
    lifecycle.started();
    lifecycle.markReady();
    lifecycle.markNotReady();
    expect(lifecycle.state).toBe('closed');
    expect(changes).toHaveLength(1);
  });

  test('can drain before it has started, and then has not started', () => {
    const { lifecycle } = createLifecycle();
    lifecycle.drain();
    lifecycle.started();
    expect(lifecycle.state).toBe('draining');
    expect(lifecycle.hasStarted).toBe(false);
  });

  test('has started for good, also while draining', () => {
    const { lifecycle } = createLifecycle();
    lifecycle.started();
    lifecycle.drain();
    expect(lifecycle.hasStarted).toBe(true);
  });

  test('is unready for as long as the application wants', () => {
    const { lifecycle, changes } = createLifecycle();
    lifecycle.started();
    lifecycle.markNotReady('cache is cold');
    expect([lifecycle.state, lifecycle.notReadyReason]).toEqual(['unready', 'cache is cold']);
    lifecycle.markReady();
    expect([lifecycle.state, lifecycle.notReadyReason]).toEqual(['ready', undefined]);
    expect(changes[1]).toEqual({ from: 'ready', to: 'unready', reason: 'cache is cold' });
  });

  test('remembers over the start-up that the application wants no traffic', () => {
    const { lifecycle } = createLifecycle();
    lifecycle.markNotReady();
    expect(lifecycle.state).toBe('starting');
    lifecycle.started();
    expect(lifecycle.state).toBe('unready');
  });

  test('is not started by markReady', () => {
    const { lifecycle } = createLifecycle();
    lifecycle.markReady();
    expect(lifecycle.state).toBe('starting');
  });

  test('keeps the first reason of death', () => {
    const { lifecycle } = createLifecycle();
    expect(lifecycle.isDead).toBe(false);
    lifecycle.markDead('deadlock');
    lifecycle.markDead('other');
    lifecycle.markReady();
    expect([lifecycle.isDead, lifecycle.deadReason]).toEqual([true, 'deadlock']);
  });

  test('knows since when', () => {
    const { lifecycle, clock } = createLifecycle();
    clock.advanceNow(5_000);
    lifecycle.started();
    clock.advanceNow(5_000);
    lifecycle.started();
    expect(lifecycle.sinceEpochMs).toBe(fakeEpochMs + 5_000);
  });
});
