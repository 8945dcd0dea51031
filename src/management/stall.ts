/**
 * Measures how long the main thread has been blocked, by a counter that it increments. Time counts only between looks of this thread:
 * while the whole process is suspended there are none, and the main thread is not blamed.
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
