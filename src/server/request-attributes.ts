import type { Attributes } from '@opentelemetry/api';
import { redactQuery } from '../core/redact-url.js';
import { serverOf } from './request-kinds.js';
import type { RequestRecord } from './request-record.js';

/**
 * The attributes of a SERVER span by the HTTP semantic conventions (stable, v1.44), but for those that the record shares with others.
 */
export function requestAttributes(record: RequestRecord): Attributes {
  const { shared, url, forwarded, remoteAddress, remotePort, errorType } = record;
  const userAgent = record.headers['user-agent'];
  const question = url.indexOf('?');
  const client = forwarded.client ?? remoteAddress;
  const isReached = client !== undefined && remoteAddress !== undefined && remotePort !== undefined;
  if (
    shared !== undefined &&
    isReached &&
    userAgent !== undefined &&
    errorType === undefined &&
    question < 0
  ) {
    // The usual request, in one piece: added one by one, they would move to a larger object.
    return {
      'url.path': pathOf(url, question),
      'client.address': client,
      'network.peer.address': remoteAddress,
      'network.peer.port': remotePort,
      'user_agent.original': userAgent,
    };
  }

  const attributes: Attributes = shared === undefined ? kindAttributes(record) : {};
  attributes['url.path'] = pathOf(url, question);
  if (question >= 0) attributes['url.query'] = redactQuery(url.slice(question + 1));
  if (errorType !== undefined) attributes['error.type'] = errorType;
  if (client !== undefined) attributes['client.address'] = client;
  if (remoteAddress !== undefined) {
    attributes['network.peer.address'] = remoteAddress;
    if (remotePort !== undefined) attributes['network.peer.port'] = remotePort;
  }
  if (userAgent !== undefined) attributes['user_agent.original'] = userAgent;
  return attributes;
}

/** What requests share with others, for one that does not, or not yet. */
function kindAttributes(record: RequestRecord): Attributes {
  const { req, method, route, statusCode, protocolVersion } = record;
  const attributes: Attributes = { 'http.request.method': method.name, 'url.scheme': record.scheme };
  if (route !== undefined) attributes['http.route'] = route;
  if (statusCode !== 0) attributes['http.response.status_code'] = statusCode;
  if (method.index === 0 && req.method !== undefined)
    attributes['http.request.method_original'] = req.method.slice(0, 100);
  if (protocolVersion !== undefined) attributes['network.protocol.version'] = protocolVersion;
  const server = serverOf(record);
  if (server !== undefined) {
    attributes['server.address'] = server.host;
    if (server.port !== undefined) attributes['server.port'] = server.port;
  }
  return attributes;
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
