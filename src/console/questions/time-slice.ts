import { setImmediate } from 'node:timers/promises';

/** So long a question keeps the event loop from what comes in, in milliseconds. */
const sliceMs = 8;

/** Gives way to others between pieces of work, when it has had its time. */
export class TimeSlice {
  #until = performance.now() + sliceMs;

  get isOver(): boolean {
    return performance.now() > this.#until;
  }

  async rest(): Promise<void> {
    if (!this.isOver) return;
    await setImmediate();
    this.#until = performance.now() + sliceMs;
  }
}
