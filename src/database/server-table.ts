import type { DatabaseServer } from '../metrics/database-red.js';

const maxServers = 1_000;

/** One object for all connections to one database: its metrics are found by it. */
export class ServerTable {
  readonly #system: string;
  readonly #byKey = new Map<string, DatabaseServer>();
  #last: DatabaseServer | undefined;

  constructor(system: string) {
    this.#system = system;
  }

  /** Takes the address from the options of a client; one that begins with a slash is a socket and has no port. */
  find(address: unknown, port: unknown, namespace: unknown): DatabaseServer {
    const host = textOf(address);
    const isSocket = host?.startsWith('/') === true;
    const number = isSocket || port === undefined || port === null ? Number.NaN : Number(port);
    const server = {
      system: this.#system,
      namespace: textOf(namespace),
      address: host,
      port: Number.isInteger(number) ? number : undefined,
    };
    const last = this.#last;
    if (last !== undefined && isSame(last, server)) return last;
    const key = JSON.stringify([server.address, server.port, server.namespace]);
    const known = this.#byKey.get(key);
    if (known === undefined && this.#byKey.size < maxServers) this.#byKey.set(key, Object.freeze(server));
    this.#last = known ?? server;
    return this.#last;
  }
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isSame(first: DatabaseServer, second: DatabaseServer): boolean {
  return (
    first.address === second.address && first.port === second.port && first.namespace === second.namespace
  );
}
