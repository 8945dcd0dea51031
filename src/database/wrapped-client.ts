import type { Database } from './database.js';
import { publishedOperations } from './database-router.js';

/** A wrapped client has its {@link WrappedClient} under this key; all installed copies of this package share the key. */
const wrappedKey = Symbol.for('golden-signals.database-client');

/**
 * Whether a library publishes its operations on a diagnostics channel, by the class of its clients: several versions may be installed.
 * The first operation shows it.
 */
const publishes = new WeakMap<object, boolean>();

/** The state of one client whose methods are wrapped. */
export class WrappedClient {
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

  /** Whether the client publishes its operations itself; undefined until its first one. */
  get publishes(): boolean | undefined {
    this.#publishes ??= publishes.get(this.#kind);
    return this.#publishes;
  }

  /** The count to take before an operation is sent, for {@link hasPublished}; undefined without subscribers. */
  publishedCount(): number | undefined {
    return publishedOperations(this.#system);
  }

  /**
   * Whether the client published the operation that it has just sent; remembers it for the class. Also true without subscribers: then
   * nothing is recorded.
   */
  hasPublished(countBefore: number | undefined): boolean {
    const count = this.publishedCount();
    if (count === undefined || countBefore === undefined) return true;
    const hasPublished = count !== countBefore;
    if (hasPublished || this.publishes === undefined) {
      this.#publishes = hasPublished;
      publishes.set(this.#kind, hasPublished);
    }
    return hasPublished;
  }
}

/**
 * Marks a client as wrapped, for the caller to wrap its methods; undefined where there is nothing to wrap: it is wrapped already, or
 * publishes its operations itself.
 */
export function wrapClient(
  client: object,
  system: 'mysql' | 'redis',
  database: Database,
): WrappedClient | undefined {
  const kind = client.constructor;
  if (publishes.get(kind) === true) return undefined;
  const taken = (client as { readonly [wrappedKey]?: { readonly isOpen: boolean } })[wrappedKey];
  if (taken?.isOpen === true) return undefined;
  if (taken instanceof WrappedClient) {
    taken.database = database;
    return undefined;
  }
  const wrapped = new WrappedClient(kind, system, database);
  Object.defineProperty(client, wrappedKey, { value: wrapped, configurable: true });
  return wrapped;
}

/** The state of a wrapped client, or of a view of one. */
export function wrappedClientOf(client: object | undefined): WrappedClient | undefined {
  const wrapped = (client as { readonly [wrappedKey]?: unknown } | undefined)?.[wrappedKey];
  return wrapped instanceof WrappedClient ? wrapped : undefined;
}

type Method = (this: never, ...args: never[]) => unknown;

/** Puts a method of one instance in front of the one that its class has. */
export function defineMethod(target: object, name: string, value: Method): void {
  Object.defineProperty(target, name, { configurable: true, writable: true, enumerable: false, value });
}
