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
  readonly #system: 'mysql' | 'redis';
  #publishes: boolean | undefined;
  database: Database;

  constructor(kind: object, system: 'mysql' | 'redis', database: Database) {
    this.#kind = kind;
    this.#system = system;
    this.#publishes = undefined;
    this.database = database;
  }

  /** False once the service has ended: what is wrapped then only passes operations on. */
  get isOpen(): boolean {
    return this.database.isOpen;
  }

  /** Whether the client tells of its operations itself; undefined until it has been asked something. */
  get publishes(): boolean | undefined {
    this.#publishes ??= publishes.get(this.#kind);
    return this.#publishes;
  }

  /** What {@link hasTold} has to know from before an operation is handed over. */
  heard(): number | undefined {
    return heardOperations(this.#system);
  }

  /**
   * Learns from an operation that has just been handed over whether the client told of it. True where it did, and while nobody listens:
   * then there is nothing to learn, and nobody to tell.
   */
  hasTold(heardBefore: number | undefined): boolean {
    const heard = this.heard();
    if (heard === undefined || heardBefore === undefined) return true;
    const hasTold = heard !== heardBefore;
    if (hasTold || this.publishes === undefined) {
      this.#publishes = hasTold;
      publishes.set(this.#kind, hasTold);
    }
    return hasTold;
  }
}

/**
 * The seat of a client that is to be wrapped now; undefined where nothing is left to do, as it is wrapped already or tells of its
 * operations itself.
 */
export function takeSeat(
  client: object,
  system: 'mysql' | 'redis',
  database: Database,
): ClientSeat | undefined {
  const kind = client.constructor;
  if (publishes.get(kind) === true) return undefined;
  const taken = (client as { readonly [seatKey]?: { readonly isOpen: boolean } })[seatKey];
  if (taken?.isOpen === true) return undefined;
  if (taken instanceof ClientSeat) {
    taken.database = database;
    return undefined;
  }
  const seat = new ClientSeat(kind, system, database);
  Object.defineProperty(client, seatKey, { value: seat, configurable: true });
  return seat;
}

/** The seat of a client, or of a view of one. */
export function seatOf(client: object | undefined): ClientSeat | undefined {
  const seat = (client as { readonly [seatKey]?: unknown } | undefined)?.[seatKey];
  return seat instanceof ClientSeat ? seat : undefined;
}

type Method = (this: never, ...args: never[]) => unknown;

/** Puts a method of one instance in front of the one that its class has. */
export function defineMethod(target: object, name: string, value: Method): void {
  Object.defineProperty(target, name, { configurable: true, writable: true, enumerable: false, value });
}
