// Semantic conventions, "url.query": values of these keys are replaced, matched case-sensitively.
const sensitiveKeys: ReadonlySet<string> = new Set([
  'X-Amz-Signature',
  'X-Amz-Credential',
  'X-Amz-Security-Token',
  'AWSAccessKeyId',
  'Signature',
  'sig',
  'X-Goog-Signature',
]);

// Nearly every query holds none of these; one scan for them spares it the splitting.
const mayBeSensitive = /X-Amz-S|X-Amz-C|AWSAccessKeyId|ignature|sig=|%/;

/** False for a path whose query surely holds nothing to be redacted. */
export function mayHoldSecret(path: string): boolean {
  return path.includes('?') && mayBeSensitive.test(path);
}

/** A query without its `?`, with the values of signing keys replaced by `REDACTED`; keys and order stay. */
export function redactQuery(query: string): string {
  if (!mayBeSensitive.test(query)) return query;
  const parts = query.split('&');
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index] as string;
    const equals = part.indexOf('=');
    if (equals <= 0) continue;
    const key = part.slice(0, equals);
    if (sensitiveKeys.has(key) || sensitiveKeys.has(decoded(key))) parts[index] = `${key}=REDACTED`;
  }
  return parts.join('&');
}

function decoded(key: string): string {
  if (!key.includes('%')) return key;
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

// Up to the last @ before the path: a password may hold one.
const credentials = /^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i;

/** An absolute URL without credentials and with its query redacted; a fragment stays. */
export function redactUrl(url: string): string {
  const open = url.includes('@') ? url.replace(credentials, '$1REDACTED:REDACTED@') : url;
  const start = open.indexOf('?');
  if (start < 0) return open;
  const end = open.indexOf('#', start);
  const given = open.slice(start + 1, end < 0 ? undefined : end);
  const query = redactQuery(given);
  if (query === given) return open;
  return open.slice(0, start + 1) + query + (end < 0 ? '' : open.slice(end));
}
