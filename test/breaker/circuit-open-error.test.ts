import { afterEach, expect, test } from 'vitest';
import {
  CircuitOpenError,
  createCircuitOpenError,
  isCircuitOpenError,
} from '../../src/breaker/circuit-open-error.js';
import { GoldenSignalsError } from '../../src/errors.js';
import { createHarness } from './support/harness.js';

const limit = Error.stackTraceLimit;
const descriptor = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit');

afterEach(() => {
  Object.defineProperty(Error, 'stackTraceLimit', { ...descriptor, value: limit, writable: true });
});

test('a rejection names the upstream and when to come back', () => {
  const { breaker, trip, advance } = createHarness();
  trip();
  advance(1_234);
  const error = breaker.rejection();
  expect(error).toBeInstanceOf(CircuitOpenError);
  expect(error).toBeInstanceOf(GoldenSignalsError);
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: 'CircuitOpenError',
    code: 'ERR_CIRCUIT_OPEN',
    upstream: 'payment:8080',
    retryAfterMs: 3_766,
    rejectedBy: 'open',
    message: 'the circuit to payment:8080 is open for another 3766 ms',
  });
});

test('a rejection says why there was no leave', () => {
  const { breaker, trip, advance, acquire } = createHarness();
  trip();
  advance(5_000);
  for (let i = 0; i < 3; i += 1) acquire();
  expect(breaker.rejection().rejectedBy).toBe('half-open');
  breaker.forceOpen();
  expect(breaker.rejection().rejectedBy).toBe('forced-open');
});

test('the guard goes by the code', () => {
  expect(isCircuitOpenError(new CircuitOpenError('payment', 0))).toBe(true);
  expect(isCircuitOpenError({ code: 'ERR_CIRCUIT_OPEN' })).toBe(true);
  for (const other of [
    new GoldenSignalsError('ERR_GS_APP', ''),
    new Error(''),
    {},
    null,
    undefined,
    'ERR_CIRCUIT_OPEN',
  ])
    expect(isCircuitOpenError(other)).toBe(false);
});

test('a rejection is made without frames, and errors made after it have theirs', () => {
  const error = createCircuitOpenError('payment', 0, 'open');
  expect(error.stack).not.toContain('\n    at ');
  expect(error.stack).toContain('payment');
  expect(new Error('next').stack).toContain('\n    at ');
  expect(Error.stackTraceLimit).toBe(limit);
});

test('a limit that cannot be written is left alone', () => {
  Object.defineProperty(Error, 'stackTraceLimit', { ...descriptor, value: 7, writable: false });
  expect(createCircuitOpenError('payment', 5, 'open')).toMatchObject({ retryAfterMs: 5 });
  expect(Error.stackTraceLimit).toBe(7);
});

test('one that an application makes itself has its frames', () => {
  expect(new CircuitOpenError('payment', 0).stack).toContain('\n    at ');
});

test('a rejection is an ordinary object, of which nothing is shared', () => {
  const { breaker, trip } = createHarness();
  trip();
  const error = breaker.rejection() as CircuitOpenError & Record<string, unknown>;
  if (error.headers !== undefined) error.headers['x-request-id'] = '7';
  expect(error.headers).toEqual({ 'retry-after': '5', 'x-request-id': '7' });
  error.headers = { 'retry-after': '1' };
  error.status = 502;
  error.statusCode = 502;
  error.message = 'try later';
  error.stack = 'none';
  error.expose = true;
  expect(error).toMatchObject({
    headers: { 'retry-after': '1' },
    status: 502,
    statusCode: 502,
    stack: 'none',
  });
  expect(Object.isExtensible(error)).toBe(true);
  expect(breaker.rejection()).toMatchObject({ headers: { 'retry-after': '5' }, status: 503 });
});

test('a rejection may have a cause', () => {
  const cause = new Error('down');
  expect(new CircuitOpenError('payment', 5, 'open', { cause }).cause).toBe(cause);
  expect(Object.hasOwn(new CircuitOpenError('payment', 5), 'cause')).toBe(false);
});
