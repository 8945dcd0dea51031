import type { Database } from './database.js';
import { heardOperations } from './database-router.js';

/** Under this key a client says who sees its operations, also if that is another installed copy of this package. */
const seatKey = Symbol.for('golden-signals.database-client');

/**
 * Which installed copies of libraries tell of what they do by channels of their own, by the class of their clients. What a version
 * publishes is seen when it is asked something.
 */
const publishes = new WeakMap<object, boolean>();

/** What this library keeps of one client that was handed over and wrapped. */
export class ClientSeat {
  readonly #kind: object;
  database: Database;

  constructor(kind: object, database: Database) {
    this.#kind = kind;
    this.database = database;
  }

  /** False once the service has ended: what is wrapped then only passes operations on. */
  get isOpen(): boolean {
    return this.database.isOpen;
  }

  /** Whether the client tells of its operations itself; undefined until it has been asked something. */
  get publishes(): boolean | undefined {
    return publishes.get(this.#kind);
  }

  /**
   * Learns from an operation that has just been handed over whether the client told of it, by how many had been heard of before.
   * True where it did, and false as well while nobody listens: then there is nothing to learn.
   */
  hasTold(heardBefore: number | undefined): boolean {
    const heard = heardOperations();
    if (heard === undefined || heardBefore === undefined) return true;
    const hasTold = heard !== heardBefore;
    if (hasTold || this.publishes === undefined) publishes.set(this.#kind, hasTold);
    return hasTold;
  }
}

/**
 * The seat of a client that is to be wrapped now; undefined where nothing is left to do, as it is wrapped already or tells of its
 * operations itself.
 */
export function takeSeat(client: object, database: Database): ClientSeat | undefined {
  const kind = client.constructor;
  if (publishes.get(kind) === true) return undefined;
  const taken = (client as { readonly [seatKey]?: { readonly isOpen: boolean } })[seatKey];
  if (taken?.isOpen === true) return undefined;
  if (taken instanceof ClientSeat) {
    taken.database = database;
    return undefined;
  }
  const seat = new ClientSeat(kind, database);
  Object.defineProperty(client, seatKey, { value: seat, configurable: true });
  return seat;
}

type Method = (this: never, ...args: never[]) => unknown;

/** Puts a method of one instance in front of the one that its class has. */
export function defineMethod(target: object, name: string, value: Method): void {
  Object.defineProperty(target, name, { configurable: true, writable: true, enumerable: false, value });
}
