import type { Attributes } from '@opentelemetry/api';
import { type Breaker, createBreaker } from '../breaker/breaker.js';
import type { BreakerOptions } from '../breaker/options.js';
import { type BreakerRegistry, createBreakerRegistry } from '../breaker/registry.js';
import type { Transition } from '../breaker/transition-log.js';
import type { Clock } from '../core/clock.js';
import type { Faults } from '../core/faults.js';
import type { Log } from '../core/log.js';
import { GoldenSignalsError } from '../errors.js';
import { type Instrument, Sum } from '../metrics/instrument.js';
import { type Series, SeriesSet } from '../metrics/series.js';
import type { BreakerConfigOf } from './options.js';

/** All breakers of a service: one for each upstream, and those that the user made by name. */
export interface Breakers {
  /** The breaker of an upstream (`host:port`) or of a name, if there is one. */
  get(name: string): Breaker | undefined;
  all(): readonly Breaker[];
}

export interface BreakersParts {
  /** Undefined where upstreams have none. */
  readonly configOf: BreakerConfigOf | undefined;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly log: Log;
  /** True when this process has just stood still: what took long then is not held against anybody. */
  readonly isStalled: () => boolean;
  readonly onTransition: (name: string, transition: Transition) => void;
}

/** {@link Breakers} with what the rest of the house needs of them. */
export interface BreakerSet extends Breakers {
  readonly upstreams: BreakerRegistry | undefined;
  /** The breaker of this name, made with the options the first time. */
  named(name: string, options?: BreakerOptions): Breaker;
  readonly instruments: readonly Instrument[];
}

const maxNamed = 1_000;
const states = ['closed', 'open', 'half-open', 'forced-open'] as const;
const nameKey = 'golden_signals.breaker.name';
const stateKey = 'golden_signals.breaker.state';

export function createBreakers(parts: BreakersParts): BreakerSet {
  const { configOf, clock, faults, log, isStalled } = parts;
  const transitions = new SeriesSet(
    () => new Sum(),
    2_000,
    () => {},
  );
  const counts = new Map<string, Sum>();
  const caught = (error: unknown) => faults.caught('breaker', error);
  const onTransition = (name: string, transition: Transition) => {
    const key = `${transition.to} ${name}`;
    let count = counts.get(key);
    if (count === undefined) {
      count = transitions.add({ [nameKey]: name, [stateKey]: transition.to }).value;
      if (!transitions.isFull) counts.set(key, count);
    }
    count.add(1);
    say(log, name, transition);
    parts.onTransition(name, transition);
  };
  const upstreams =
    configOf === undefined
      ? undefined
      : createBreakerRegistry({
          resolve: configOf,
          clock,
          random: Math.random,
          isStalled,
          caught,
          onTransition,
        });
  const named = new Map<string, Breaker>();
  const all = () => [...(upstreams?.all() ?? []), ...named.values()];

  return {
    upstreams,
    get: (name) => named.get(name) ?? upstreams?.peek(name),
    all,
    named(name, options) {
      const known = named.get(name);
      if (known !== undefined) return known;
      if (named.size >= maxNamed) {
        throw new GoldenSignalsError(
          'ERR_GS_MISUSE',
          `more than ${maxNamed} breakers by name: a name must not hold a value`,
        );
      }
      const breaker = createBreaker(options, {
        name,
        now: () => clock.now(),
        isStalled,
        caught,
        onTransition,
      });
      named.set(name, breaker);
      return breaker;
    },
    instruments: [
      {
        kind: 'gauge',
        name: 'golden_signals.breaker.state',
        description: 'State of a circuit breaker: 1 for the current one, else 0.',
        // How many are in that state. As a share, its name in Prometheus would end with _ratio.
        unit: '{breaker}',
        series: { [Symbol.iterator]: () => stateSeries(all()) },
      },
      {
        kind: 'counter',
        name: 'golden_signals.breaker.rejected',
        description: 'Calls that a circuit breaker turned away.',
        unit: '{call}',
        series: { [Symbol.iterator]: () => rejectedSeries(all()) },
      },
      {
        kind: 'counter',
        name: 'golden_signals.breaker.transitions',
        description: 'Changes of state of a circuit breaker, by the new state.',
        unit: '{transition}',
        series: transitions,
      },
    ],
  };
}

// Attributes are kept, for delta readers tell series apart by the object.
const stateAttributes = new WeakMap<Breaker, Series<{ value: number }>[]>();
const rejectedAttributes = new WeakMap<Breaker, Series<{ value: number }>>();

function* stateSeries(breakers: readonly Breaker[]): Generator<Series<{ readonly value: number }>> {
  for (const breaker of breakers) {
    let series = stateAttributes.get(breaker);
    if (series === undefined) {
      series = states.map((state) => seriesOf({ [nameKey]: breaker.name, [stateKey]: state }));
      stateAttributes.set(breaker, series);
    }
    const { state } = breaker;
    for (const [index, one] of series.entries()) {
      one.value.value = states[index] === state ? 1 : 0;
      yield one;
    }
  }
}

function* rejectedSeries(breakers: readonly Breaker[]): Generator<Series<{ readonly value: number }>> {
  for (const breaker of breakers) {
    let series = rejectedAttributes.get(breaker);
    if (series === undefined) {
      series = seriesOf({ [nameKey]: breaker.name });
      rejectedAttributes.set(breaker, series);
    }
    series.value.value = breaker.snapshot().rejected;
    yield series;
  }
}

function seriesOf(attributes: Attributes): Series<{ value: number }> {
  return { attributes: Object.freeze(attributes), value: { value: 0 } };
}

/** One line for what an operator wants to know of: that calls stop, why, and that they go on. */
function say(log: Log, name: string, { to, from, why, snapshot, reasons }: Transition): void {
  if (to === 'open') {
    const counted = Object.entries(reasons)
      .map(([reason, count]) => `${count} ${reason}`)
      .join(', ');
    const detail =
      counted === '' ? why : `${why}: ${snapshot.failures} of ${snapshot.calls} calls failed (${counted})`;
    log.warn(`circuit ${name} is open, ${detail}; next try in ${Math.ceil(snapshot.retryAfterMs)} ms`);
  } else if (to === 'closed' && from !== 'closed') log.info(`circuit ${name} is closed again (${why})`);
}
