import type { IncomingHttpHeaders } from 'node:http';

/** What proxies in front of us say of the original request (RFC 7239 Forwarded, else X-Forwarded-*). */
export interface Forwarded {
  readonly host: string | undefined;
  readonly proto: string | undefined;
  readonly client: string | undefined;
}

/** What is known of a request that no proxy says anything of. */
export const notForwarded: Forwarded = Object.freeze({
  host: undefined,
  proto: undefined,
  client: undefined,
});

/** Reads the first, outermost hop, which is the one next to the original client. */
export function readForwarded(headers: IncomingHttpHeaders): Forwarded {
  const { forwarded } = headers;
  const host = headers['x-forwarded-host'];
  const proto = headers['x-forwarded-proto'];
  const client = headers['x-forwarded-for'];
  if (forwarded === undefined && host === undefined && proto === undefined && client === undefined)
    return notForwarded;
  const element = forwarded === undefined ? notForwarded : parseForwarded(forwarded);
  return {
    host: element.host ?? firstOf(host),
    proto: (element.proto ?? firstOf(proto))?.toLowerCase(),
    client: element.client ?? withoutPort(firstOf(client)),
  };
}

function firstOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return undefined;
  const comma = text.indexOf(',');
  const first = (comma < 0 ? text : text.slice(0, comma)).trim();
  return first === '' ? undefined : first;
}

function parseForwarded(header: string): Forwarded {
  let host: string | undefined;
  let proto: string | undefined;
  let client: string | undefined;
  for (const pair of splitQuoted(header)) {
    const equals = pair.indexOf('=');
    if (equals < 0) continue;
    const value = unquoted(pair.slice(equals + 1).trim());
    if (value === '') continue;
    const name = pair.slice(0, equals).trim().toLowerCase();
    if (name === 'host') host = value;
    else if (name === 'proto') proto = value;
    else if (name === 'for') client = withoutPort(value);
  }
  return { host, proto, client };
}

/** The `;`-separated pairs of the first element; a `,` or `;` inside quotes separates nothing. */
function splitQuoted(header: string): string[] {
  const pairs: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let index = 0; index < header.length; index += 1) {
    const char = header[index];
    if (char === '"') isQuoted = !isQuoted;
    else if (char === '\\' && isQuoted) index += 1;
    else if (!isQuoted && (char === ';' || char === ',')) {
      pairs.push(header.slice(start, index));
      start = index + 1;
      if (char === ',') return pairs;
    }
  }
  pairs.push(header.slice(start));
  return pairs;
}

function unquoted(value: string): string {
  return value.startsWith('"') && value.endsWith('"') && value.length >= 2
    ? value.slice(1, -1).replace(/\\(.)/g, '$1')
    : value;
}

/** `unknown` is what a proxy says that does not (RFC 7239, section 6.2). */
function withoutPort(address: string | undefined): string | undefined {
  if (address === undefined || address.toLowerCase() === 'unknown') return undefined;
  if (address.startsWith('[')) {
    const end = address.indexOf(']');
    return end < 0 ? address : address.slice(1, end);
  }
  const colon = address.indexOf(':');
  // More than one colon without brackets is a bare IPv6 address.
  return colon < 0 || address.includes(':', colon + 1) ? address : address.slice(0, colon);
}
