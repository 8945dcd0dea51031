/** A reading of `now` that never goes back. Where the clock under it is set back, time is taken to have stood still meanwhile. */
export class ForwardClock {
  readonly #read: () => number;
  #last = Number.NEGATIVE_INFINITY;
  #setBackMs = 0;

  constructor(read: () => number) {
    this.#read = read;
  }

  now(): number {
    const reading = this.#read();
    if (reading < this.#last) this.#setBackMs += this.#last - reading;
    this.#last = reading;
    return reading + this.#setBackMs;
  }
}
