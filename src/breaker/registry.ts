import type { Clock } from '../core/clock.js';
import type { Random } from '../core/random.js';
import type { Breaker } from './breaker.js';
import { Circuit } from './circuit.js';
import { type BreakerConfig, resolveBreaker } from './options.js';
import { type BreakerRuntime, createRuntime } from './runtime.js';

/** What a {@link createBreakerRegistry} is made of. */
export interface BreakerRegistryOptions
  extends Partial<Pick<BreakerRuntime, 'timers' | 'isStalled' | 'caught' | 'onTransition'>> {
  /** The options of the breaker of this name; false for none. Asked once per breaker, and again by {@link BreakerRegistry.refresh}. */
  readonly resolve: (name: string) => BreakerConfig | false;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  /** Breakers kept at once. @default 1_000 */
  readonly max?: number;
}

/** One breaker per name, made when it is first asked for, and bounded: names that a client makes up do not grow it. */
export interface BreakerRegistry {
  readonly size: number;
  /** How often {@link get} had no room for a new name and answered with a breaker that lets everything pass. */
  readonly overflowed: number;
  /**
   * The breaker of this name. Where there is to be none, or no room for one, a shared one in mode 'off'. `now` is for who has just
   * read the clock.
   */
  get(name: string, now?: number): Breaker;
  /** The breaker of this name if there is one; does not count as use. */
  peek(name: string): Breaker | undefined;
  /** The breakers there are, those used last at the end. */
  all(): readonly Breaker[];
  /** Gives every breaker the options that `resolve` names now; those it names false for are dropped. */
  refresh(): void;
}

interface Entry {
  readonly circuit: Circuit;
  usedAt: number;
}

// Moving an entry to the end of the map costs more than finding it, so its place is only so exact.
const useResolutionMs = 1_000;
// How long a search that found nothing to evict is taken to be still true.
const fullForMs = 100;

/** Makes an empty registry. What is closed, clean and unused gives way first, least recently used before others. */
export function createBreakerRegistry(options: BreakerRegistryOptions): BreakerRegistry {
  const { resolve, clock, random, max = 1_000, ...hooks } = options;
  const runtime = createRuntime({ ...hooks, now: () => clock.now(), random });
  const off = resolveBreaker({ mode: 'off' });
  const disabled = new Circuit('off', off, runtime);
  const overflow = new Circuit('overflow', off, runtime);
  // In order of use, to within the resolution above.
  const entries = new Map<string, Entry>();
  let overflowed = 0;
  let fullUntil = Number.NEGATIVE_INFINITY;

  function makeRoom(now: number): boolean {
    if (now < fullUntil) return false;
    for (const [name, { circuit, usedAt }] of entries) {
      if (!isDisposable(circuit, now - usedAt - useResolutionMs)) continue;
      entries.delete(name);
      return true;
    }
    fullUntil = now + fullForMs;
    return false;
  }

  function create(name: string, now: number): Circuit {
    const config = resolve(name);
    if (config === false) return disabled;
    if (entries.size >= max && !makeRoom(now)) {
      overflowed += 1;
      return overflow;
    }
    const circuit = new Circuit(name, config, runtime);
    entries.set(name, { circuit, usedAt: now });
    return circuit;
  }

  function touch(name: string, entry: Entry, now: number): void {
    entry.usedAt = now;
    entries.delete(name);
    entries.set(name, entry);
  }

  return {
    get size() {
      return entries.size;
    },
    get overflowed() {
      return overflowed;
    },
    get(name, now = runtime.now()) {
      const entry = entries.get(name);
      if (entry === undefined) return create(name, now);
      if (now - entry.usedAt > useResolutionMs) touch(name, entry, now);
      return entry.circuit;
    },
    peek: (name) => entries.get(name)?.circuit,
    all: () => Array.from(entries.values(), ({ circuit }) => circuit),
    refresh() {
      for (const [name, { circuit }] of entries) {
        const config = resolve(name);
        if (config === false) entries.delete(name);
        else circuit.setConfig(config);
      }
    },
  };
}

// Whether an unused breaker can be dropped without losing a state that matters. A mode or hold set by an operator stays.
function isDisposable(circuit: Circuit, unusedMs: number): boolean {
  const { windowMs, openMs, maxOpenMs, mode } = circuit.config;
  if (unusedMs < windowMs || circuit.inFlight > 0 || circuit.mode !== mode) return false;
  const { state, failures, slow } = circuit.snapshot();
  if (state === 'forced-open') return false;
  const isClean = (state === 'closed' || state === 'off') && failures === 0 && slow === 0;
  return isClean || unusedMs >= windowMs + (state === 'closed' ? openMs : maxOpenMs);
}
