import type { EventEmitter } from 'node:events';

const firstSweepAt = 64;

/** A set of servers that are held weakly: a test suite may open thousands in one process. */
export class ServerList {
  #references: WeakRef<EventEmitter>[] = [];
  readonly #known = new WeakSet<object>();
  #sweepAt = firstSweepAt;

  add(server: object): void {
    if (this.#known.has(server)) return;
    this.#known.add(server);
    this.#references.push(new WeakRef(server as EventEmitter));
    if (this.#references.length < this.#sweepAt) return;
    this.#references = this.#references.filter((reference) => reference.deref() !== undefined);
    this.#sweepAt = Math.max(firstSweepAt, 2 * this.#references.length);
  }

  get size(): number {
    return this.#references.length;
  }

  *[Symbol.iterator](): Iterator<EventEmitter> {
    for (const reference of this.#references) {
      const server = reference.deref();
      if (server !== undefined) yield server;
    }
  }
}
