import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { PACKAGE, VERSION } from '../version.js';

/**
 * The User-Agent of our exporters. The random part is this process's own: others cannot pass their requests off as ours, and a collector
 * still counts what other processes send to it.
 */
export const USER_AGENT = `${PACKAGE}/${VERSION} (${randomBytes(8).toString('hex')})`;

/**
 * True for a request that this process's own exporters sent. A collector in the process that it collects from is a server like any
 * other: recording their requests would make a span of every export, and an export of every span.
 */
export function isOwnTraffic(req: IncomingMessage): boolean {
  return req.headers['user-agent'] === USER_AGENT;
}
