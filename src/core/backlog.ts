import type { Timers } from './timers.js';

/** Something that has ended and is not counted or written yet. */
export interface Ended {
  /** Counts it and hands it on. Must not throw. */
  account(): void;
}

// Code that runs once in each call comes from memory anew each time; for so many together it comes once (bench/RESULTS.md).
const accountedTogether = 16;
// What has ended holds its context, and with it a request, until it is accounted for.
const longestMs = 100;

/**
 * Ended calls and requests wait here for up to 100 ms and are recorded in one batch. A reader of the results calls
 * {@link Backlog.clear} first, so that it misses nothing.
 */
export class Backlog {
  readonly #timers: Timers;
  #waiting = createRoom();
  /** Takes turns with the other. */
  #spare: (Ended | undefined)[] | undefined;
  #count = 0;
  #timer: unknown;

  /** @param timers must not run in the context that they are set in, for a timer would hold it */
  constructor(timers: Timers) {
    this.#timers = timers;
  }

  add(ended: Ended): void {
    this.#waiting[this.#count] = ended;
    this.#count += 1;
    if (this.#count === accountedTogether) this.clear();
    else if (this.#timer === undefined) this.#timer = this.#timers.set(this.#onTime, longestMs);
  }

  /** Accounts for all that is waiting. */
  clear(): void {
    const count = this.#count;
    if (count === 0) return;
    const waiting = this.#waiting;
    // What accounting for one causes may come back here.
    this.#waiting = this.#spare ?? createRoom();
    this.#spare = undefined;
    this.#count = 0;
    for (let index = 0; index < count; index += 1) {
      const ended = waiting[index] as Ended;
      waiting[index] = undefined;
      ended.account();
    }
    this.#spare = waiting;
  }

  readonly #onTime = (): void => {
    this.#timer = undefined;
    this.clear();
  };
}

function createRoom(): (Ended | undefined)[] {
  return new Array<Ended | undefined>(accountedTogether).fill(undefined);
}
