/**
 * How long the main thread has stood still, told by a number that it counts up. Counted in looks that this thread has taken itself: a
 * process that was suspended as a whole has not been looked at, and its main thread is not accused of it.
 */
export class StallGauge {
  readonly #readBeat: () => number;
  readonly #lookMs: number;
  #beat: number;
  #stalledMs = 0;

  /** `look` is to be called every `lookMs`. */
  constructor(readBeat: () => number, lookMs: number) {
    this.#readBeat = readBeat;
    this.#lookMs = lookMs;
    this.#beat = readBeat();
  }

  look(): void {
    const beat = this.#readBeat();
    this.#stalledMs = beat === this.#beat ? this.#stalledMs + this.#lookMs : 0;
    this.#beat = beat;
  }

  /** 0 while it moves; exact to one look. */
  get stalledMs(): number {
    return this.#readBeat() === this.#beat ? this.#stalledMs : 0;
  }
}
