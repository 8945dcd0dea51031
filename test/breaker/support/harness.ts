import type { Breaker, BreakerDependencies } from '../../../src/breaker/breaker.js';
import { createBreaker } from '../../../src/breaker/breaker.js';
import type { BreakerOptions } from '../../../src/breaker/options.js';
import type { Permit } from '../../../src/breaker/permit.js';
import type { Transition } from '../../../src/breaker/transition-log.js';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.js';

export interface Harness {
  readonly breaker: Breaker;
  readonly clock: FakeClock;
  /** Every transition since the start, as 'from>to:why'. */
  readonly moves: string[];
  readonly transitions: Transition[];
  advance(ms: number): void;
  /** A permit that must be given. */
  acquire(): Permit;
  succeed(times?: number): void;
  fail(times?: number, reason?: string): void;
  /** Fails until it is open, by the default options: 20 calls. */
  trip(): void;
}

/** A breaker without jitter, on a clock that moves only when told to. */
export function createHarness(options: BreakerOptions = {}, dependencies: BreakerDependencies = {}): Harness {
  const clock = createFakeClock();
  const breaker = createBreaker(
    { jitterRatio: 0, ...options },
    { now: clock.now, random: () => 0.5, timers: clock, name: 'payment:8080', ...dependencies },
  );
  const transitions: Transition[] = [];
  const moves: string[] = [];
  breaker.onTransition((transition) => {
    transitions.push(transition);
    moves.push(`${transition.from}>${transition.to}:${transition.why}`);
  });
  const acquire = () => {
    const permit = breaker.tryAcquire();
    if (permit === undefined) throw new Error(`turned away while ${breaker.state}`);
    return permit;
  };
  const times = (count: number, act: () => void) => {
    for (let i = 0; i < count; i += 1) act();
  };
  const fail = (count = 1, reason?: string) => times(count, () => acquire().failure(undefined, reason));
  return {
    breaker,
    clock,
    moves,
    transitions,
    advance: clock.advanceNow,
    acquire,
    succeed: (count = 1) => times(count, () => acquire().success()),
    fail,
    trip: () => fail(20),
  };
}
