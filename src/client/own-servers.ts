import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { resolve } from 'node:path';
import type { Peer } from './outbound-call.js';
import type { Authority } from './target.js';

/** The servers that a process serves by; `version` changes with every one that begins to listen, or is found to be one. */
export interface ServerSource {
  readonly version: number;
  servers(): Iterable<object>;
}

interface ListeningServer {
  readonly listening?: unknown;
  address?(): string | { readonly address: string; readonly port: number } | null;
}

/**
 * Tells which calls go to this very process: no breaker stands between a process and itself. Looked up once for each authority and
 * version of the servers; what is a server of its own is looked at again with each call, for it may have closed.
 */
export class OwnServers {
  readonly #source: ServerSource;
  /** The addresses of this machine that names have led to. */
  readonly #addresses = new WeakMap<Authority, string>();

  constructor(source: ServerSource) {
    this.#source = source;
  }

  has(authority: Authority): boolean {
    const { version } = this.#source;
    if (authority.foreignVersion === version) return false;
    if (this.#isServed(authority, this.#addresses.get(authority) ?? authority.host)) return true;
    authority.foreignVersion = version;
    return false;
  }

  /** As {@link has}, once the connection says which address the name stands for. */
  hasPeer(authority: Authority, peer: Peer | undefined): boolean {
    const { remoteAddress, remotePort } = peer ?? {};
    if (remoteAddress === undefined || remotePort !== authority.port) return this.has(authority);
    if (!this.#isServed(authority, remoteAddress)) return false;
    this.#addresses.set(authority, remoteAddress);
    authority.foreignVersion = -1;
    return true;
  }

  #isServed({ port }: Authority, host: string): boolean {
    for (const server of this.#source.servers()) {
      const { listening } = server as ListeningServer;
      if (listening !== true) continue;
      const bound = (server as ListeningServer).address?.();
      if (typeof bound === 'string') {
        if (port === 0 && isSamePath(bound, host)) return true;
      } else if (bound?.port === port && isReachedBy(bound.address, host)) return true;
    }
    return false;
  }
}

function isSamePath(first: string, second: string): boolean {
  return first === second || resolve(first) === resolve(second);
}

/** True where a connection to this host, a name or an address, reaches what listens on an address of this machine. */
function isReachedBy(bound: string, host: string): boolean {
  const at = plain(host);
  const on = plain(bound);
  if (isIP(at) === 0)
    return isOwnName(at) && (isWildcard(on) || isLoopback(on) || at === hostname().toLowerCase());
  if (at === on || (isWildcard(at) && isLoopback(on))) return true;
  return isWildcard(on) && (isWildcard(at) || isLoopback(at) || isOwnAddress(at));
}

function isOwnName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || name === hostname().toLowerCase();
}

const mapped = /^::ffff:(?:([\da-f]{1,4}):([\da-f]{1,4})|([\d.]+))$/i;

/** An IPv4 address that is written as one of IPv6, as itself. */
function plain(address: string): string {
  const [, high, low, dotted] = mapped.exec(address) ?? [];
  if (high === undefined || low === undefined) return dotted ?? address;
  const [first, second] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return `${first >> 8}.${first & 255}.${second >> 8}.${second & 255}`;
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

function isLoopback(address: string): boolean {
  return address === '::1' || (address.startsWith('127.') && isIP(address) === 4);
}

function isOwnAddress(address: string): boolean {
  return Object.values(networkInterfaces()).some((list) => list?.some((one) => one.address === address));
}
