/** A host header or authority, split. */
export interface HostPort {
  readonly host: string;
  readonly port: number | undefined;
}

/** Splits `host[:port]`; an IPv6 host loses its brackets. Undefined for an empty host. */
export function parseHostPort(authority: string): HostPort | undefined {
  let host = authority;
  let portText = '';
  if (authority.startsWith('[')) {
    const end = authority.indexOf(']');
    if (end < 0) return undefined;
    host = authority.slice(1, end);
    if (authority[end + 1] === ':') portText = authority.slice(end + 2);
  } else {
    const colon = authority.indexOf(':');
    // More than one colon without brackets is a bare IPv6 address, as some proxies write it.
    if (colon >= 0 && !authority.includes(':', colon + 1)) {
      host = authority.slice(0, colon);
      portText = authority.slice(colon + 1);
    }
  }
  if (host === '') return undefined;
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : undefined;
  return { host, port: port !== undefined && port > 0 && port <= 65_535 ? port : undefined };
}
