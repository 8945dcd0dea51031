import type { Json } from '../receive/protobuf-to-json.js';

/** The attributes of a message of OTLP/JSON as a plain object. Whole numbers beyond 2^53 stay texts. */
export function plainAttributes(message: Json): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const pair of (message.attributes ?? []) as readonly Json[]) {
    const key = String(pair.key ?? '');
    // Not a setter of Object's own.
    if (key !== '__proto__') result[key] = plainValue(pair.value as Json | undefined);
  }
  return result;
}

export function plainValue(value: Json | undefined): unknown {
  if (value === undefined) return null;
  if (value.intValue !== undefined) {
    const whole = Number(value.intValue);
    return Number.isSafeInteger(whole) ? whole : value.intValue;
  }
  if (value.arrayValue !== undefined)
    return (((value.arrayValue as Json).values ?? []) as readonly Json[]).map(plainValue);
  if (value.kvlistValue !== undefined)
    return plainAttributes({ attributes: (value.kvlistValue as Json).values ?? [] });
  return value.stringValue ?? value.boolValue ?? value.doubleValue ?? value.bytesValue ?? null;
}
