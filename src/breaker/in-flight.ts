import type { IssuedPermit } from './permit.js';

/**
 * The permits that are out, oldest first, linked through themselves: adding and removing cost no allocation.
 *
 *     oldest ⇄ permit ⇄ permit ⇄ newest
 */
export class InFlight {
  oldest: IssuedPermit | undefined;
  #newest: IssuedPermit | undefined;

  add(permit: IssuedPermit): void {
    permit.previous = this.#newest;
    if (this.#newest === undefined) this.oldest = permit;
    else this.#newest.next = permit;
    this.#newest = permit;
  }

  /** Takes a permit out; one that is not in the list is left alone. */
  remove(permit: IssuedPermit): void {
    const { previous, next } = permit;
    if (previous === undefined && this.oldest !== permit) return;
    if (previous === undefined) this.oldest = next;
    else previous.next = next;
    if (next === undefined) this.#newest = previous;
    else next.previous = previous;
    permit.previous = undefined;
    permit.next = undefined;
  }
}
