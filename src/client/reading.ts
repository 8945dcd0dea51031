import type { OutboundCall } from './outbound-call.js';

/** The calls whose response has begun, oldest first, linked through themselves: a Set would hash each one twice and shrink all the time. */
export class Reading {
  oldest: OutboundCall | undefined;
  #newest: OutboundCall | undefined;

  add(call: OutboundCall): void {
    const newest = this.#newest;
    call.previous = newest;
    if (newest === undefined) this.oldest = call;
    else newest.next = call;
    this.#newest = call;
  }

  /** Takes a call out; one that is not in the list is left alone. */
  remove(call: OutboundCall): void {
    const { previous, next } = call;
    if (previous === undefined && this.oldest !== call) return;
    if (previous === undefined) this.oldest = next;
    else previous.next = next;
    if (next === undefined) this.#newest = previous;
    else next.previous = previous;
    call.previous = undefined;
    call.next = undefined;
  }
}
