/** Bounds how many calls are under way at once. Nothing queues: a call without a place is turned away. */
export class Bulkhead {
  /** May be lowered below {@link inFlight}; calls under way go on. */
  limit: number;
  #inFlight = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get hasRoom(): boolean {
    return this.#inFlight < this.limit;
  }

  /** Takes a place, also past the limit: whether there is room was asked before. */
  enter(): void {
    this.#inFlight += 1;
  }

  leave(): void {
    this.#inFlight -= 1;
  }
}
