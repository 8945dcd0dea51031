import { text } from '../core/check.js';
import type { Clock } from '../core/clock.js';
import { GoldenSignalsError } from '../errors.js';
import { isoTime, type NamedEntry } from './entry.js';
import { BeatWatcher } from './phi-accrual.js';
import { resolveWatch, type WatchConfig, type WatchOptions } from './watch-options.js';

/** What the watched one holds. */
export interface Heart {
  /** Records a beat. */
  beat(): void;
}

/** Each keeps 200 gaps and has a line in the report: names are those of services, not of users. */
const maxWatched = 1_000;

/** The heartbeats a service watches, by name. */
export class Heartbeats {
  readonly #watchers = new Map<string, { readonly config: WatchConfig; readonly watcher: BeatWatcher }>();
  readonly #clock: Clock;
  readonly #stalledMs: () => number;

  constructor(clock: Clock, stalledMs: () => number = () => 0) {
    this.#clock = clock;
    this.#stalledMs = stalledMs;
  }

  /**
   * Begins to watch; a name that is watched already keeps its watcher and options.
   * @throws GoldenSignalsError `ERR_GS_OPTION` for a wrong option, `ERR_GS_MISUSE` past 1,000 names.
   */
  watch(name: string, options: WatchOptions): Heart {
    text('watch name', name);
    const config = resolveWatch(options);
    const { watcher } = this.#watchers.get(name) ?? this.#add(name, config);
    return { beat: () => watcher.beat() };
  }

  /** Ends a watch; false if no watch has that name. */
  unwatch(name: string): boolean {
    return this.#watchers.delete(name);
  }

  /** One entry for each, for the report: `name:heartbeat`. */
  *entries(): Generator<NamedEntry> {
    for (const [name, { config, watcher }] of this.#watchers) {
      const { status, phi, silenceMs, hasBeaten } = watcher.read();
      const silenceS = Math.round(silenceMs) / 1_000;
      yield [
        `${name}:heartbeat`,
        {
          componentType: 'component',
          critical: config.critical,
          status,
          observedValue: silenceS,
          observedUnit: 's',
          output: outputOf(status === 'pass', hasBeaten, silenceS, phi),
          time: isoTime(this.#clock.epochMs()),
        },
      ];
    }
  }

  #add(name: string, config: WatchConfig) {
    if (this.#watchers.size >= maxWatched)
      throw new GoldenSignalsError(
        'ERR_GS_MISUSE',
        `watch() takes at most ${maxWatched} names at a time; unwatch() frees one`,
      );
    const entry = { config, watcher: new BeatWatcher(config, this.#clock, this.#stalledMs) };
    this.#watchers.set(name, entry);
    return entry;
  }
}

function outputOf(isFine: boolean, hasBeaten: boolean, silenceS: number, phi: number): string | undefined {
  if (isFine) return undefined;
  return hasBeaten ? `silent for ${silenceS} s; phi ${phi.toFixed(1)}` : `no beat yet after ${silenceS} s`;
}
