import type { Attributes } from '@opentelemetry/api';
import type { SeriesPlace } from '../metrics/client-red.js';
import type { Method } from '../metrics/http-methods.js';
import type { Recordable } from '../metrics/instrument.js';
import type { Series } from '../metrics/series.js';
import { SharedAttributes } from '../trace/shared-attributes.js';

/** Calls that have everything in common but when they were and what was asked for. */
export class CallKind implements SeriesPlace {
  readonly method: Method;
  /** 0 when no response arrived. */
  readonly statusCode: number;
  readonly protocolVersion: string | undefined;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  /** Of their spans, but for what is each one's own. */
  readonly attributes: SharedAttributes;
  seriesOwner: object | undefined;
  series: Series<Recordable> | undefined;

  constructor(
    host: string,
    port: number,
    method: Method,
    statusCode: number,
    protocolVersion: string | undefined,
    remoteAddress: string | undefined,
    remotePort: number | undefined,
  ) {
    this.method = method;
    this.statusCode = statusCode;
    this.protocolVersion = protocolVersion;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    this.attributes = new SharedAttributes(attributesOf(this, host, port));
    this.seriesOwner = undefined;
    this.series = undefined;
  }
}

// Few methods, statuses and addresses go with one place; there may be a thousand places.
const maxKept = 8;

/** The kinds of calls to one place. The newest are kept. */
export class CallKinds {
  readonly #host: string;
  readonly #port: number;
  readonly #kept: CallKind[] = [];
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
  ): CallKind {
    for (const known of this.#kept) {
      if (
        known.statusCode === statusCode &&
        known.method === method &&
        known.remotePort === remotePort &&
        known.protocolVersion === protocolVersion &&
        known.remoteAddress === remoteAddress
      )
        return known;
    }
    const kind = new CallKind(
      this.#host,
      this.#port,
      method,
      statusCode,
      protocolVersion,
      remoteAddress,
      remotePort,
    );
    this.#kept[this.#oldest] = kind;
    this.#oldest = (this.#oldest + 1) % maxKept;
    return kind;
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
