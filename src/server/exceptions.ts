import { type RequestRecord, recordOf } from './request-record.js';

/**
 * Says what was thrown while a request was served, once for each request and only to the service that serves it. What its thrower
 * marks as the caller's own mistake, a status from 400 to 499, is no exception of the service. Never throws.
 */
export function noteException(message: unknown, thrown: unknown): void {
  if (typeof message === 'object' && message !== null) noteExceptionOf(recordOf(message), thrown);
}

/** The same for a request that is known by its record. */
export function noteExceptionOf(record: RequestRecord | null | undefined, thrown: unknown): void {
  if (record === undefined || record === null || record.hasThrown) return;
  try {
    if (isCallersMistake(thrown)) return;
    record.hasThrown = true;
    record.owner.threw(thrown, record);
  } catch {
    // A property of what was thrown threw in turn.
  }
}

function isCallersMistake(thrown: unknown): boolean {
  if (typeof thrown !== 'object' || thrown === null) return false;
  const { statusCode, status = statusCode } = thrown as { status?: unknown; statusCode?: unknown };
  return typeof status === 'number' && status >= 400 && status < 500;
}
