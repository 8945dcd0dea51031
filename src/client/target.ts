import { parseHostPort } from '../core/host-port.js';

export type Scheme = 'http' | 'https';

/** Where a call goes, as its client says it. */
export interface Target {
  readonly method: string;
  readonly scheme: Scheme;
  /** Without brackets, lower case; the path of the socket for a Unix domain socket. */
  readonly host: string;
  /** 0 for a Unix domain socket. */
  readonly port: number;
  /** The request target: origin-form, for a proxy absolute-form, for CONNECT `host:port`. */
  readonly path: string;
}

const absolute = /^(https?):\/\/([^/?#]+)/i;

/**
 * The target of a call over a connection to this host and port. A proxy is told in the path where the call really goes, and that
 * is what it is named, measured and guarded by: one dead host must not take all others behind its proxy with it.
 */
export function createTarget(
  method: string,
  scheme: Scheme,
  host: string,
  port: number,
  path: string,
): Target {
  // Nearly every path begins with a slash.
  if (path.charCodeAt(0) !== 0x2f) {
    if (method === 'CONNECT') {
      const authority = parseHostPort(path);
      if (authority !== undefined)
        return { method, scheme, host: authority.host.toLowerCase(), port: authority.port ?? 443, path };
    }
    const named = parseOrigin(path);
    if (named !== undefined) return { method, ...named, path };
  }
  return { method, scheme, host, port, path };
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

/** The absolute URL of a call, as it was asked for. */
export function urlOf({ method, scheme, host, port, path }: Target): string {
  if (absolute.test(path)) return path;
  // Over a Unix domain socket Node says "Host: localhost".
  if (port === 0) return `${scheme}://localhost${path}`;
  const authority = `${host.includes(':') ? `[${host}]` : host}${port === defaultPort(scheme) ? '' : `:${port}`}`;
  // "OPTIONS *" is about the server, and CONNECT names it once more.
  return `${scheme}://${authority}${method === 'CONNECT' || path === '*' ? '' : path}`;
}
