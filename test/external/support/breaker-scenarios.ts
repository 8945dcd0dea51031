import { fires, type Scenario } from './promtool.js';

const states = ['closed', 'open', 'half-open', 'forced-open'] as const;
type State = (typeof states)[number];

/** A breaker by its states, each so many samples long. */
function breaker(job: string, instance: string, ...phases: readonly (readonly [State, number])[]) {
  return Object.fromEntries(
    states.map((state) => [
      `golden_signals_breaker_state{job="${job}",instance="${instance}",golden_signals_breaker_name="payment:8080",golden_signals_breaker_state="${state}"}`,
      phases.map(([at, samples]) => `${at === state ? 1 : 0}x${samples - 1}`).join(' '),
    ]),
  );
}

const transitions = (job: string, state: State, values: string, instance = 'a') => ({
  [`golden_signals_breaker_transitions_total{job="${job}",instance="${instance}",golden_signals_breaker_name="payment:8080",golden_signals_breaker_state="${state}"}`]:
    values,
});

const named = (job: string) => `{golden_signals_breaker_name="payment:8080",job="${job}"}`;

const open: Scenario = {
  name: 'CircuitBreakerOpen',
  interval: '15s',
  series: {
    ...breaker('well', 'a', ['closed', 40]),
    ...breaker('shortly', 'a', ['closed', 4], ['open', 2], ['closed', 34]),
    ...breaker('down', 'a', ['closed', 4], ['open', 36]),
    ...breaker('one-of-two', 'a', ['closed', 4], ['open', 36]),
    ...breaker('one-of-two', 'b', ['closed', 40]),
    ...breaker('trying', 'a', ['closed', 4], ['open', 1], ['half-open', 1], ['open', 1], ['half-open', 33]),
    ...breaker('forced', 'a', ['closed', 4], ['forced-open', 36]),
  },
  expects: [
    fires('75s', 'CircuitBreakerOpen'),
    fires('90s', 'CircuitBreakerOpen', ...['down', 'one-of-two', 'trying', 'forced'].map(named)),
  ],
};

const flapping: Scenario = {
  name: 'CircuitBreakerFlapping',
  interval: '15s',
  series: {
    ...breaker(
      'five',
      'a',
      ['closed', 3],
      ['open', 3],
      ['closed', 3],
      ['open', 3],
      ['closed', 3],
      ['open', 45],
    ),
    ...breaker(
      'six',
      'a',
      ['closed', 3],
      ['open', 3],
      ['closed', 3],
      ['open', 3],
      ['closed', 3],
      ['open', 3],
      ['closed', 42],
    ),
    // One of two instances.
    ...breaker('one-flaps', 'b', ['closed', 60]),
    ...breaker(
      'one-flaps',
      'a',
      ['closed', 3],
      ['open', 3],
      ['closed', 3],
      ['open', 3],
      ['closed', 3],
      ['open', 3],
      ['closed', 42],
    ),
    ...transitions('unseen', 'closed', '0x58', 'b'),
    // Between two scrapes each time: three of each kind.
    ...breaker('unseen', 'a', ['closed', 60]),
    ...transitions('unseen', 'closed', '0x20 1x10 2x10 3x17'),
    ...breaker('twice', 'a', ['closed', 60]),
    ...transitions('twice', 'closed', '0x20 1x10 2x28'),
    // Open, half-open and open again is one outage.
    ...breaker('outage', 'a', ['closed', 3], ['open', 57]),
    ...transitions('outage', 'open', '0x20 1x10 2x10 9x17'),
    // Five changes on each of two instances are no more than an outage.
    ...breaker('both', 'a', ['closed', 3], ['open', 3], ['closed', 3], ['open', 51]),
    ...breaker('both', 'b', ['closed', 3], ['open', 3], ['closed', 3], ['open', 51]),
    ...transitions('both-counted', 'closed', '0x20 1x10 2x28'),
    ...transitions('both-counted', 'closed', '0x20 1x10 2x28', 'b'),
  },
  expects: [
    fires('3m', 'CircuitBreakerFlapping'),
    fires('14m', 'CircuitBreakerFlapping', ...['six', 'one-flaps', 'unseen'].map(named)),
  ],
};

export const breakerScenarios: readonly Scenario[] = [open, flapping];
