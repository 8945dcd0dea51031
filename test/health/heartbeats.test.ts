import { expect, test } from 'vitest';
import { Heartbeats } from '../../src/health/heartbeats.js';
import { createFakeClock } from '../support/fake-clock.js';

function createHeartbeats() {
  const clock = createFakeClock();
  return { clock, heartbeats: new Heartbeats(clock) };
}

const only = (heartbeats: Heartbeats) => [...heartbeats.entries()][0]?.[1];

test('a watched heart appears as an entry that is not critical unless asked', () => {
  const { heartbeats, clock } = createHeartbeats();
  heartbeats.watch('billing', { intervalMs: 1_000 }).beat();
  heartbeats.watch('leader', { intervalMs: 1_000, critical: true });
  clock.stall(500);
  expect([...heartbeats.entries()]).toEqual([
    [
      'billing:heartbeat',
      {
        componentType: 'component',
        critical: false,
        status: 'pass',
        observedValue: 0.5,
        observedUnit: 's',
        output: undefined,
        time: '2026-11-23T01:00:00.500Z',
      },
    ],
    [
      'leader:heartbeat',
      expect.objectContaining({ critical: true, status: 'warn', output: 'no beat yet after 0.5 s' }),
    ],
  ]);
});

test('a silent heart is suspected and then failed, in words', () => {
  const { heartbeats, clock } = createHeartbeats();
  heartbeats.watch('billing', { intervalMs: 1_000 }).beat();
  clock.stall(6_000);
  expect(only(heartbeats)).toMatchObject({
    status: 'warn',
    output: expect.stringMatching(/^silent for 6 s; phi \d+\.\d$/),
  });
  clock.stall(5_000);
  expect(only(heartbeats)).toMatchObject({ status: 'fail' });
});

test('the same name is the same watcher', () => {
  const { heartbeats, clock } = createHeartbeats();
  const first = heartbeats.watch('billing', { intervalMs: 1_000 });
  clock.stall(20_000);
  heartbeats.watch('billing', { intervalMs: 1_000 });
  first.beat();
  expect(only(heartbeats)).toMatchObject({ status: 'pass' });
});

test('a watch can be ended', () => {
  const { heartbeats } = createHeartbeats();
  heartbeats.watch('billing', { intervalMs: 1_000 });
  expect(heartbeats.unwatch('billing')).toBe(true);
  expect(heartbeats.unwatch('billing')).toBe(false);
  expect([...heartbeats.entries()]).toEqual([]);
});

test.each(['', 7, undefined])('%j is refused as a name', (name) => {
  const { heartbeats } = createHeartbeats();
  expect(() => heartbeats.watch(name as string, { intervalMs: 1_000 })).toThrow(
    expect.objectContaining({ code: 'ERR_GS_OPTION' }),
  );
});

test('at most 1,000 hearts are watched at a time', () => {
  const { heartbeats } = createHeartbeats();
  for (let count = 0; count < 1_000; count += 1) heartbeats.watch(`peer-${count}`, { intervalMs: 1_000 });
  expect(() => heartbeats.watch('one more', { intervalMs: 1_000 })).toThrow(
    expect.objectContaining({ code: 'ERR_GS_MISUSE' }),
  );
  heartbeats.watch('peer-7', { intervalMs: 1_000 }).beat();
  heartbeats.unwatch('peer-7');
  heartbeats.watch('one more', { intervalMs: 1_000 }).beat();
  expect([...heartbeats.entries()]).toHaveLength(1_000);
});
