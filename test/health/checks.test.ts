import { describe, expect, test, vi } from 'vitest';
import type { CheckDeps } from '../../src/health/check-reading.js';
import { Checks } from '../../src/health/checks.js';
import { createFakeClock, settled } from '../support/fake-clock.js';
import { createDeferred, never } from './support/harness.js';

function createChecks() {
  const clock = createFakeClock();
  const deps: CheckDeps = {
    clock,
    timers: clock,
    random: () => 0.5,
    faults: { caught: () => {} },
    isolate: (run) => run(),
    events: {},
  };
  return { checks: new Checks(deps), clock };
}

const statuses = (checks: Checks, group?: string) =>
  checks.read({ group }).map(({ name, status }) => [name, status]);

describe('a set of checks', () => {
  test('runs all of them at the same time', () => {
    const { checks } = createChecks();
    const runs = [vi.fn(never), vi.fn(never), vi.fn(never)];
    for (const [index, run] of runs.entries()) checks.add(`check${index}`, run);
    checks.start();
    for (const run of runs) expect(run).toHaveBeenCalledOnce();
  });

  test('runs one that is added later at once, and one added before the start not before it', () => {
    const { checks } = createChecks();
    const early = vi.fn(never);
    const late = vi.fn(never);
    checks.add('early', early);
    expect(early).not.toHaveBeenCalled();
    checks.start();
    checks.add('late', late);
    expect(late).toHaveBeenCalledOnce();
  });

  test('refuses a name that is taken', () => {
    const { checks } = createChecks();
    checks.add('db', never);
    expect(() => checks.add('db', never)).toThrow(expect.objectContaining({ code: 'ERR_GS_MISUSE' }));
  });

  test.each([[''], [7], [undefined]])('refuses %j as a name', (name) => {
    const { checks } = createChecks();
    expect(() => checks.add(name as string, never)).toThrow(
      expect.objectContaining({ code: 'ERR_GS_OPTION' }),
    );
  });

  test('aborts and forgets one that is removed', () => {
    const { checks, clock } = createChecks();
    let signal: AbortSignal | undefined;
    checks.add('db', (given) => {
      signal = given;
      return never();
    });
    checks.start();
    expect(checks.remove('db')).toBe(true);
    expect(checks.remove('db')).toBe(false);
    expect(signal?.aborted).toBe(true);
    expect(checks.read()).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test('reads a group by itself', async () => {
    const { checks } = createChecks();
    checks.add('disk', { run: () => true, groups: ['storage'] });
    checks.add('db', { run: () => false, groups: ['storage', 'remote'] });
    checks.add('queue', () => true);
    checks.start();
    await settled();
    expect(statuses(checks, 'storage')).toEqual([
      ['disk', 'pass'],
      ['db', 'warn'],
    ]);
    expect(checks.hasGroup('remote')).toBe(true);
    expect(checks.hasGroup('other')).toBe(false);
  });

  test('leaves no timer when it is stopped', async () => {
    const { checks, clock } = createChecks();
    checks.add('a', () => true);
    checks.add('b', never);
    checks.start();
    await settled();
    checks.stop();
    expect(clock.pending).toBe(0);
  });

  test('bears a check that removes itself while the others start', async () => {
    const { checks } = createChecks();
    checks.add('suicidal', () => checks.remove('suicidal'));
    checks.add('other', () => true);
    checks.start();
    await settled();
    expect(statuses(checks)).toEqual([['other', 'pass']]);
  });
});

describe('the first results', () => {
  test('are awaited for all, or for the critical ones', async () => {
    const { checks } = createChecks();
    const critical = createDeferred();
    const other = createDeferred();
    checks.add('critical', { run: () => critical.promise, critical: true });
    checks.add('other', () => other.promise);
    checks.start();
    const seen: string[] = [];
    const all = checks.whenFirstResults().then(() => seen.push('all'));
    const criticalOnes = checks.whenFirstResults({ onlyCritical: true }).then(() => seen.push('critical'));
    expect(checks.hasFirstResults()).toBe(false);
    critical.resolve();
    await criticalOnes;
    expect(seen).toEqual(['critical']);
    other.reject();
    await all;
    expect(seen).toEqual(['critical', 'all']);
    expect(checks.hasFirstResults()).toBe(true);
  });

  test('have come at once if there are no checks', async () => {
    const { checks } = createChecks();
    expect(checks.hasFirstResults()).toBe(true);
    await expect(checks.whenFirstResults()).resolves.toBeUndefined();
  });

  test('of a hanging check come with its timeout', async () => {
    const { checks, clock } = createChecks();
    checks.add('db', never);
    checks.start();
    const first = checks.whenFirstResults();
    await clock.advance(2_000);
    await expect(first).resolves.toBeUndefined();
  });

  test('of an on-demand check do not age', async () => {
    const { checks, clock } = createChecks();
    const run = vi.fn(() => true);
    checks.add('db', { run, intervalMs: 0 });
    checks.start();
    await clock.advance(5_000);
    await checks.whenFirstResults();
    expect(run).toHaveBeenCalledOnce();
  });
});
