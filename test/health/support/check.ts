import { Check } from '../../../src/health/check.js';
import { type CheckFunction, type CheckOptions, resolveCheck } from '../../../src/health/check-options.js';
import type { CheckChange, CheckEvents } from '../../../src/health/check-reading.js';
import { createFakeClock } from '../../support/fake-clock.js';

/** One check with fake time, and what it told. */
export function createCheck(
  given: CheckFunction | CheckOptions,
  { random = 0.5, events = {} as CheckEvents } = {},
) {
  const clock = createFakeClock();
  const changes: CheckChange[] = [];
  const durations: number[] = [];
  const faults: unknown[] = [];
  const check = new Check('db', resolveCheck('check', given, 0), {
    clock,
    timers: clock,
    random: () => random,
    faults: { caught: (_place, error) => void faults.push(error) },
    isolate: (run) => run(),
    events: {
      onChange: (change) => void changes.push(change),
      onResult: ({ durationMs }) => void durations.push(durationMs),
      ...events,
    },
  });
  return { check, clock, changes, durations, faults };
}
