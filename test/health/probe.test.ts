import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Probe, type ProbeFacts, verdictOf } from '../../src/health/probe.js';
import type { HealthState } from '../../src/health/state.js';
import type { Status } from '../../src/health/status.js';

const facts: fc.Arbitrary<ProbeFacts> = fc
  .record({
    state: fc.constantFrom<HealthState>('starting', 'ready', 'unready', 'draining', 'closed'),
    isDead: fc.boolean(),
    worst: fc.constantFrom<Status>('pass', 'warn', 'fail'),
    wasStarted: fc.boolean(),
  })
  .map(({ wasStarted, ...rest }) => ({
    ...rest,
    hasStarted:
      rest.state === 'ready' || rest.state === 'unready' || (rest.state !== 'starting' && wasStarted),
  }));

// The table of health.md, section 2, row by row.
const isUp: Record<Probe, (facts: ProbeFacts) => boolean> = {
  live: ({ isDead }) => !isDead,
  startup: ({ hasStarted }) => hasStarted,
  ready: ({ state, isDead, worst }) => state === 'ready' && !isDead && worst !== 'fail',
  health: ({ state, isDead, worst }) =>
    (state === 'ready' || state === 'unready') && !isDead && worst !== 'fail',
};

test.each(Object.entries(isUp) as [Probe, (facts: ProbeFacts) => boolean][])(
  '%s answers 200 exactly when the table says so, and a reason exactly when not',
  (probe, expected) => {
    fc.assert(
      fc.property(facts, (given) => {
        const verdict = verdictOf(probe, given);
        expect(verdict.ok).toBe(expected(given));
        expect(verdict.httpStatus).toBe(verdict.ok ? 200 : 503);
        expect(verdict.status === 'fail').toBe(!verdict.ok);
        expect(verdict.reason === undefined).toBe(verdict.ok);
      }),
      { numRuns: 500 },
    );
  },
);

const running: ProbeFacts = { state: 'ready', hasStarted: true, isDead: false, worst: 'pass' };

test.each<[Probe, Partial<ProbeFacts>, string, string | undefined]>([
  ['live', { state: 'starting', hasStarted: false }, 'pass', undefined],
  ['live', { state: 'draining', worst: 'fail' }, 'pass', undefined],
  ['live', { isDead: true }, 'fail', 'dead'],
  ['startup', { state: 'starting', hasStarted: false }, 'fail', 'starting'],
  ['startup', { state: 'draining', hasStarted: false }, 'fail', 'draining'],
  ['startup', { worst: 'fail' }, 'pass', undefined],
  ['ready', {}, 'pass', undefined],
  ['ready', { worst: 'warn' }, 'warn', undefined],
  ['ready', { worst: 'fail' }, 'fail', 'critical-check'],
  ['ready', { state: 'unready' }, 'fail', 'manual'],
  ['ready', { state: 'unready', worst: 'fail' }, 'fail', 'manual'],
  ['ready', { state: 'starting', worst: 'fail' }, 'fail', 'starting'],
  ['ready', { state: 'draining', worst: 'fail' }, 'fail', 'draining'],
  ['ready', { state: 'closed' }, 'fail', 'draining'],
  ['ready', { isDead: true, state: 'draining' }, 'fail', 'dead'],
  ['health', { state: 'unready' }, 'warn', undefined],
  ['health', { worst: 'fail' }, 'fail', 'critical-check'],
])('%s with %j is %s, reason %s', (probe, given, status, reason) => {
  expect(verdictOf(probe, { ...running, ...given })).toMatchObject({ status, reason });
});
