import type { Clock } from '../core/clock.js';
import type { Timers } from '../core/timers.js';
import { type HookGroup, runTogether } from './hooks.js';
import type { ShutdownHook } from './shutdown-options.js';
import type { Traffic } from './traffic.js';

export interface DrainParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly traffic: Traffic;
  readonly hooks: readonly ShutdownHook[];
  readonly onFailure: (reason: string) => void;
}

export interface DrainEnd {
  /** Requests and upgraded connections that were cut off. */
  readonly cut: number;
  /** Hooks that failed or did not end in time. */
  readonly failed: number;
}

const pollMs = 100;
/** How long connections stay without a request before they are closed: one may just have been opened to send one. */
const restMs = 250;
/** How long a server may then take to emit 'close'. */
const lingerMs = 500;
/** How long requests that were cut off may take to end, so that their spans do. */
const aftermathMs = 200;

/** Lets what is under way come to its end while nothing new comes in, for a limited time. */
export class Drain {
  readonly #parts: DrainParts;
  #hooks: HookGroup | undefined;
  #isAppClosed = false;
  #areHooksDone = false;
  #restSince: number | undefined;
  #poll: unknown;
  #limit: unknown;
  #settle: (() => void) | undefined;

  constructor(parts: DrainParts) {
    this.#parts = parts;
  }

  async run(limitMs: number): Promise<DrainEnd> {
    const { timers, traffic, hooks, onFailure } = this.#parts;
    const over = new Promise<void>((resolve) => {
      this.#settle = resolve;
    });
    this.#limit = timers.set(() => this.#settle?.(), limitMs);
    traffic.onChange = () => this.#look();
    void traffic.stop().then(() => {
      this.#isAppClosed = true;
      this.#look();
    });
    this.#hooks = runTogether(hooks, onFailure);
    void this.#hooks.done.then(() => {
      this.#areHooksDone = true;
      this.#look();
    });
    this.#tick();
    await over;
    return this.#finish();
  }

  /** Shortens the time that is left to `limitMs`. */
  hurry(limitMs: number): void {
    const { timers } = this.#parts;
    timers.clear(this.#limit);
    if (this.#settle !== undefined) this.#limit = timers.set(() => this.#settle?.(), limitMs);
  }

  #tick(): void {
    const { timers, traffic } = this.#parts;
    traffic.closeIdle();
    this.#look();
    this.#poll = timers.set(() => this.#tick(), pollMs);
  }

  #look(): void {
    const { clock, traffic } = this.#parts;
    if (traffic.inFlight > 0) {
      this.#restSince = undefined;
      return;
    }
    const now = clock.now();
    this.#restSince ??= now;
    const restedMs = now - this.#restSince;
    // What is left carries no request: connections opened in advance, which Node does not count as idle.
    if (restedMs >= restMs && !traffic.isClosed) traffic.destroy();
    const isClosed = traffic.isClosed || restedMs >= lingerMs;
    if (isClosed && this.#isAppClosed && this.#areHooksDone) this.#settle?.();
  }

  async #finish(): Promise<DrainEnd> {
    const { timers, traffic } = this.#parts;
    timers.clear(this.#poll);
    timers.clear(this.#limit);
    this.#hooks?.abandon();
    traffic.onChange = undefined;
    this.#settle = undefined;
    let failed = this.#hooks?.failed ?? 0;
    const cut = traffic.inFlight > 0 ? traffic.destroy() : 0;
    if (traffic.inFlight > 0) await this.#aftermath();
    if (cut === 0 && !this.#isAppClosed) {
      failed += 1;
      this.#parts.onFailure('the close() of the application had not ended in time');
    }
    return { cut, failed };
  }

  /** Until the requests that were cut off have ended. */
  #aftermath(): Promise<void> {
    const { timers, traffic } = this.#parts;
    return new Promise((resolve) => {
      const end = () => {
        timers.clear(timer);
        traffic.onChange = undefined;
        resolve();
      };
      const timer = timers.set(end, aftermathMs);
      traffic.onChange = () => {
        if (traffic.inFlight === 0) end();
      };
    });
  }
}
