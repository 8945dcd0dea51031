import { type HostPort, parseHostPort } from '../core/host-port.js';
import { SharedAttributes } from '../trace/shared-attributes.js';
import type { RequestRecord } from './request-record.js';

/** Requests that differ only in when they were, who sent them and what exactly was asked for. */
interface RequestKind {
  readonly method: unknown;
  readonly scheme: string;
  readonly statusCode: number;
  readonly protocolVersion: string;
  readonly authority: string;
  readonly attributes: SharedAttributes;
}

// Few methods, statuses and names of the server go with one route.
const maxKept = 8;
// Beyond these, spans are written without anything shared.
const maxRoutes = 1_000;

/** What the kinds of one route are: the newest are kept. */
interface KindsOfRoute {
  readonly kept: RequestKind[];
  oldest: number;
}

/**
 * Finds what a finished request has in common with others, so that it is written once for all of them: 7 of the 12 attributes of the
 * usual request. Undefined for a request that is not of the usual kind.
 */
export function createRequestKinds(): (record: RequestRecord) => SharedAttributes | undefined {
  const routes = new Map<string, KindsOfRoute>();
  return (record) => {
    const { route, method, scheme, statusCode, protocolVersion } = record;
    if (route === undefined || statusCode === 0 || protocolVersion === undefined || method.index === 0)
      return undefined;
    const authority = authorityOf(record);
    if (authority === undefined) return undefined;
    let kinds = routes.get(route);
    if (kinds === undefined) {
      if (routes.size >= maxRoutes) return undefined;
      kinds = { kept: [], oldest: 0 };
      routes.set(route, kinds);
    }
    for (const known of kinds.kept) {
      if (
        known.statusCode === statusCode &&
        known.method === method &&
        known.authority === authority &&
        known.protocolVersion === protocolVersion &&
        known.scheme === scheme
      )
        return known.attributes;
    }
    const server = parseHostPort(authority);
    if (server === undefined) return undefined;
    const attributes = new SharedAttributes({
      'http.request.method': method.name,
      'url.scheme': scheme,
      'http.route': route,
      'http.response.status_code': statusCode,
      'network.protocol.version': protocolVersion,
      'server.address': server.host,
      ...(server.port === undefined ? {} : { 'server.port': server.port }),
    });
    kinds.kept[kinds.oldest] = { method, scheme, statusCode, protocolVersion, authority, attributes };
    kinds.oldest = (kinds.oldest + 1) % maxKept;
    return attributes;
  };
}

/** Where a request was sent to, as its client or the proxy in front of us has it. */
function authorityOf({ headers, forwarded }: RequestRecord): string | undefined {
  return forwarded.host ?? (headers[':authority'] as string | undefined) ?? headers.host;
}

export function serverOf(record: RequestRecord): HostPort | undefined {
  const authority = authorityOf(record);
  return authority === undefined ? undefined : parseHostPort(authority);
}
