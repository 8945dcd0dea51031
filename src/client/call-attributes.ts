import type { Attributes } from '@opentelemetry/api';
import type { Method } from '../metrics/http-methods.js';
import { SharedAttributes } from '../trace/shared-attributes.js';

/** What calls to one place have in common, or not. */
interface CallKind {
  readonly method: Method;
  /** 0 when no response arrived. */
  readonly statusCode: number;
  readonly protocolVersion: string | undefined;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
}

interface Known extends CallKind {
  readonly attributes: SharedAttributes;
}

// Few methods, statuses and addresses go with one place; there may be a thousand places.
const maxKept = 8;

/** The span attributes of calls to one place, without what is each call's own. Those of the newest kinds are kept. */
export class CallAttributes {
  readonly #host: string;
  readonly #port: number;
  readonly #kept: Known[] = [];
  #oldest = 0;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  of(
    method: Method,
    statusCode: number,
    protocolVersion: string | undefined,
    remoteAddress: string | undefined,
    remotePort: number | undefined,
  ): SharedAttributes {
    for (const known of this.#kept) {
      if (
        known.statusCode === statusCode &&
        known.method === method &&
        known.remotePort === remotePort &&
        known.protocolVersion === protocolVersion &&
        known.remoteAddress === remoteAddress
      )
        return known.attributes;
    }
    const kind = { method, statusCode, protocolVersion, remoteAddress, remotePort };
    const attributes = new SharedAttributes(attributesOf(kind, this.#host, this.#port));
    this.#kept[this.#oldest] = { ...kind, attributes };
    this.#oldest = (this.#oldest + 1) % maxKept;
    return attributes;
  }
}

/** HTTP client span, stable conventions v1.44. */
function attributesOf(
  { method, statusCode, protocolVersion, remoteAddress, remotePort }: CallKind,
  host: string,
  port: number,
): Attributes {
  const attributes: Attributes = { 'http.request.method': method.name, 'server.address': host };
  // A Unix domain socket has none.
  if (port !== 0) attributes['server.port'] = port;
  if (statusCode !== 0) attributes['http.response.status_code'] = statusCode;
  if (protocolVersion !== undefined) attributes['network.protocol.version'] = protocolVersion;
  if (remoteAddress !== undefined) {
    attributes['network.peer.address'] = remoteAddress;
    if (remotePort !== undefined) attributes['network.peer.port'] = remotePort;
  }
  return attributes;
}
