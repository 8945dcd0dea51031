import type { IncomingHttpHeaders } from 'node:http';
import type { Attributes } from '@opentelemetry/api';
import { type HostPort, parseHostPort } from '../core/host-port.js';
import { redactQuery } from '../core/redact-url.js';
import { readForwarded } from './forwarded.js';
import type { RequestRecord } from './request-record.js';

/** The attributes of a SERVER span by the HTTP semantic conventions (stable, v1.44). */
export function requestAttributes(record: RequestRecord, headers: IncomingHttpHeaders): Attributes {
  const { req, method, url, route, statusCode, errorType, protocolVersion, remoteAddress, remotePort } =
    record;
  const question = url.indexOf('?');
  const forwarded = readForwarded(headers);
  const authority = forwarded.host ?? (headers[':authority'] as string | undefined) ?? headers.host;
  const server = authority === undefined ? undefined : serverOf(authority);
  const userAgent = headers['user-agent'];

  const isWhole = route !== undefined && statusCode !== 0 && protocolVersion !== undefined;
  const isReached = remotePort !== undefined && server?.port !== undefined && userAgent !== undefined;
  if (isWhole && isReached && errorType === undefined && method.index !== 0 && question < 0) {
    // The usual request, in one piece: added one by one, they would move to a larger object three times.
    return {
      'http.request.method': method.name,
      'url.path': pathOf(url, question),
      'url.scheme': record.scheme,
      'http.route': route,
      'http.response.status_code': statusCode,
      'network.protocol.version': protocolVersion,
      'server.address': server.host,
      'server.port': server.port,
      'client.address': forwarded.client ?? remoteAddress,
      'network.peer.address': remoteAddress,
      'network.peer.port': remotePort,
      'user_agent.original': userAgent,
    };
  }

  const attributes: Attributes = {
    'http.request.method': method.name,
    'url.path': pathOf(url, question),
    'url.scheme': record.scheme,
  };
  if (question >= 0) attributes['url.query'] = redactQuery(url.slice(question + 1));
  if (route !== undefined) attributes['http.route'] = route;
  if (statusCode !== 0) attributes['http.response.status_code'] = statusCode;
  if (errorType !== undefined) attributes['error.type'] = errorType;
  if (method.index === 0 && req.method !== undefined)
    attributes['http.request.method_original'] = req.method.slice(0, 100);
  if (protocolVersion !== undefined) attributes['network.protocol.version'] = protocolVersion;
  if (server !== undefined) {
    attributes['server.address'] = server.host;
    if (server.port !== undefined) attributes['server.port'] = server.port;
  }
  const client = forwarded.client ?? remoteAddress;
  if (client !== undefined) attributes['client.address'] = client;
  if (remoteAddress !== undefined) {
    attributes['network.peer.address'] = remoteAddress;
    if (remotePort !== undefined) attributes['network.peer.port'] = remotePort;
  }
  if (userAgent !== undefined) attributes['user_agent.original'] = userAgent;
  return attributes;
}

// Nearly every request asks for the same server as the one before.
let lastAuthority = '';
let lastServer: HostPort | undefined;

function serverOf(authority: string): HostPort | undefined {
  if (authority !== lastAuthority) {
    lastServer = parseHostPort(authority);
    lastAuthority = authority;
  }
  return lastServer;
}

/** The path of an origin-form or absolute-form target. */
function pathOf(url: string, question: number): string {
  const target = question < 0 ? url : url.slice(0, question);
  if (target.startsWith('/')) return target;
  const authority = target.indexOf('://');
  if (authority < 0) return target;
  const slash = target.indexOf('/', authority + 3);
  return slash < 0 ? '/' : target.slice(slash);
}
