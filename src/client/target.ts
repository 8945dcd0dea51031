import { isIP } from 'node:net';
import { parseHostPort } from '../core/host-port.js';
import { mayHoldSecret, redactUrl } from '../core/redact-url.js';
import { CallKinds } from './call-kinds.js';
import type { Destination } from './destination.js';

export type Scheme = 'http' | 'https';

/** Where a connection goes, whatever is asked for over it. One object for all calls that go there. */
export interface Authority {
  readonly scheme: Scheme;
  /** Without brackets, lower case; the path of the socket for a Unix domain socket. */
  readonly host: string;
  /** 0 for a Unix domain socket. */
  readonly port: number;
  /** What its breaker and its series are found by: `host:port`, the path of the socket for a Unix domain socket. */
  readonly upstream: string;
  /** What an absolute URL of it begins with. Without credentials. */
  readonly origin: string;
  readonly kinds: CallKinds;
  /** The version of this process's servers, none of which was found to be it; see `OwnServers`. */
  foreignVersion: number;
  /** True once a client of this origin was seen to connect to a Unix domain socket. */
  hasSockets: boolean;
}

/** Where a call goes, as its client says it. */
export interface Target {
  readonly method: string;
  /** The request target: origin-form, for a proxy absolute-form, for CONNECT `host:port`. */
  readonly path: string;
  readonly authority: Authority;
}

// What one call after another is named by, put together and hashed once. Hosts that an attacker makes up empty it now and then.
const maxKept = 1_000;
const maxPorts = 16;
const maxOriginChars = 300;
const byOrigin = new Map<string, Authority | null>();
const byHost = new Map<string, Authority[]>();
let kept = 0;

const absolute = /^(https?):\/\/([^/?#]+)/i;

/**
 * The target of a call over a connection to this host and port. Through a proxy, the path is the absolute URL of the real target, and
 * the call is named, measured and guarded by that: one dead host must not block all others behind the proxy.
 */
export function createTarget(
  method: string,
  scheme: Scheme,
  host: string,
  port: number,
  path: string,
): Target {
  return createTargetAt(authorityOf(scheme, host, port), method, path);
}

/** As {@link createTarget}, for a connection that has been looked up. */
export function createTargetAt(authority: Authority, method: string, path: string): Target {
  // Nearly every path begins with a slash.
  if (path.charCodeAt(0) === 0x2f) return { method, path, authority };
  if (method === 'CONNECT') {
    const named = parseHostPort(path);
    if (named !== undefined) {
      const { host, port = 443 } = named;
      return { method, path, authority: authorityOf(authority.scheme, host.toLowerCase(), port) };
    }
  }
  const named = parseOrigin(path);
  if (named === undefined) return { method, path, authority };
  return { method, path, authority: authorityOf(named.scheme, named.host, named.port) };
}

/** The target of a call over a Unix domain socket, whose clients know no proxy. */
export function createSocketTarget(method: string, scheme: Scheme, socket: string, path: string): Target {
  return { method, path, authority: authorityOf(scheme, socket, 0) };
}

/** The target of a call over a connection that turns out to go somewhere else than its client has said. */
export function retarget({ method, path, authority: { scheme } }: Target, to: Destination): Target {
  if (to.path !== undefined) return createSocketTarget(method, scheme, to.path, path);
  return { method, path, authority: authorityOf(scheme, to.host, to.port) };
}

/** As a place that a client names by its address, while the name that it stands for is known. */
export function namedAuthority(authority: Authority, name: string): Authority {
  if (isIP(authority.host) === 0 || isIP(name) !== 0) return authority;
  return authorityOf(authority.scheme, name.toLowerCase(), authority.port);
}

/** As {@link parseOrigin}, for an origin that many calls go to. */
export function knownOrigin(origin: string): Authority | undefined {
  if (origin.length > maxOriginChars) {
    const parsed = parseOrigin(origin);
    return parsed && authorityOf(parsed.scheme, parsed.host, parsed.port);
  }
  let known = byOrigin.get(origin);
  if (known === undefined) {
    const parsed = parseOrigin(origin);
    known = parsed === undefined ? null : authorityOf(parsed.scheme, parsed.host, parsed.port);
    if (byOrigin.size >= maxKept) byOrigin.clear();
    byOrigin.set(origin, known);
  }
  return known ?? undefined;
}

function authorityOf(scheme: Scheme, host: string, port: number): Authority {
  const ofHost = byHost.get(host);
  if (ofHost !== undefined) {
    for (const known of ofHost) if (known.port === port && known.scheme === scheme) return known;
  }
  const upstream = port === 0 ? host : `${host}:${port}`;
  const origin = redactUrl(originOf(scheme, host, port));
  const kinds = new CallKinds(host, port);
  const authority: Authority = {
    scheme,
    host,
    port,
    upstream,
    origin,
    kinds,
    foreignVersion: -1,
    hasSockets: false,
  };
  if (kept >= maxKept) {
    byHost.clear();
    kept = 0;
  }
  kept += 1;
  // Bounded for a caller that tries one port after another.
  byHost.set(host, ofHost === undefined || ofHost.length >= maxPorts ? [authority] : [...ofHost, authority]);
  return authority;
}

function originOf(scheme: Scheme, host: string, port: number): string {
  // Over a Unix domain socket Node says "Host: localhost".
  if (port === 0) return `${scheme}://localhost`;
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}${port === defaultPort(scheme) ? '' : `:${port}`}`;
}

/** What an absolute `http:` or `https:` URL goes to; undefined for anything else. */
export function parseOrigin(url: string): { scheme: Scheme; host: string; port: number } | undefined {
  const match = absolute.exec(url);
  if (match === null) return undefined;
  const scheme = match[1]?.length === 5 ? 'https' : 'http';
  const authority = parseHostPort((match[2] as string).replace(/^.*@/, ''));
  if (authority === undefined) return undefined;
  return { scheme, host: authority.host.toLowerCase(), port: authority.port ?? defaultPort(scheme) };
}

export function defaultPort(scheme: Scheme): number {
  return scheme === 'https' ? 443 : 80;
}

/** True for a call that a proxy reads and makes in its own turn: it is asked for by its whole URL. */
export function isRelayed({ path }: Target): boolean {
  return path.charCodeAt(0) !== 0x2f && absolute.test(path);
}

/** The absolute URL of a call, as it was asked for. */
export function urlOf({ method, path, authority: { port, origin } }: Target): string {
  if (path.charCodeAt(0) === 0x2f) return origin + path;
  if (absolute.test(path)) return path;
  // "OPTIONS *" is about the server, and CONNECT names it once more.
  return port !== 0 && (method === 'CONNECT' || path === '*') ? origin : origin + path;
}

/** That URL as telemetry shows it: without credentials, and with its query redacted. */
export function redactedUrlOf(target: Target): string {
  const { path, authority } = target;
  return isPlainPath(path) ? authority.origin + path : redactUrl(urlOf(target));
}

/** True for a path that is shown as it is, behind the origin. */
export function isPlainPath(path: string): boolean {
  return path.charCodeAt(0) === 0x2f && !mayHoldSecret(path);
}
