import type { Status } from './status.js';

/**
 * Turns single results into a status that flips only after enough of them in a row: `failAfter` failures to fail, `passAfter` others to
 * leave it. The first result counts at once, since there is nothing yet to hold on to; pass and warn follow each result.
 */
export class Streak {
  readonly #failAfter: number;
  readonly #passAfter: number;
  #status: Status | undefined;
  #failures = 0;
  #others = 0;

  constructor(failAfter: number, passAfter: number) {
    this.#failAfter = failAfter;
    this.#passAfter = passAfter;
  }

  /** `undefined` before the first result. */
  get status(): Status | undefined {
    return this.#status;
  }

  /** Failures since the last result that was none. */
  get failures(): number {
    return this.#failures;
  }

  push(result: Status): void {
    const isFirst = this.#status === undefined;
    if (result === 'fail') {
      this.#failures += 1;
      this.#others = 0;
      if (isFirst || this.#failures >= this.#failAfter) this.#status = 'fail';
      return;
    }
    this.#others += 1;
    this.#failures = 0;
    if (this.#status !== 'fail' || this.#others >= this.#passAfter) this.#status = result;
  }
}
