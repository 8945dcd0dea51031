import type { Behaviour } from '../../support/otlp-receiver.js';

/**
 * How long an export may take in such a test. A busy machine takes its time for an answer, and that is to be no fault; but where nothing
 * answers, or what is answered is tried again, this is what the test waits for.
 */
export function timeoutFor(behaviour: Behaviour): string {
  const isFinal = typeof behaviour === 'object' && (!('status' in behaviour) || behaviour.status === 400);
  return isFinal ? '60000' : '3000';
}

/** What a collector may do wrong, how the receiver does it, and what is said of it. */
export const misbehaviours: [string, Behaviour, RegExp][] = [
  ['refuses', 'refuse', /ECONNREFUSED|ECONNRESET/],
  ['hangs', 'hang', /no answer within 3000 ms/],
  ['resets connections', 'reset', /ECONNRESET|EPIPE/],
  ['answers 400', { status: 400 }, /status 400/],
  ['answers 429', { status: 429 }, /status 429/],
  ['answers 503 with Retry-After', { status: 503, headers: { 'retry-after': '30' } }, /status 503/],
  ['answers with bytes that are not HTTP', { garbage: 'bytes' }, /does not speak HTTP/],
  ['answers with what is no protobuf', { garbage: 'protobuf' }, /no collector/],
  ['answers with a page', { garbage: 'html' }, /no collector/],
];
