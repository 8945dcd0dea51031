import type { Context } from '@opentelemetry/api';
import { mergeBaggage } from '../../context/baggage.js';
import { runInContext } from '../../context/storage.js';
import { isContextHeader, isSigned } from '../context-header.js';
import type { OutboundCall } from '../outbound-call.js';
import { HeaderAccess } from '../outbound-headers.js';
import { expectFollowed, redirectContext, retryContext } from '../resend.js';

const callKey = Symbol('golden-signals.call');
const redirectKey = Symbol('golden-signals.redirect');

type Tell<T> = (value: T) => unknown;

/** undici's own request, as its diagnostics channels hand it out. */
export interface CoreRequest {
  [callKey]?: OutboundCall | undefined;
  [redirectKey]?: Context;
  readonly origin: string | URL;
  readonly method: string;
  readonly path: string;
  readonly headers: unknown;
  addHeader(name: string, value: string): unknown;
  readonly body?: unknown;
  abort?: Tell<Error> | null;
  // Versions 6 and 7.
  onError?: Tell<Error>;
  onComplete?: Tell<unknown>;
  // Version 8.
  onResponseError?: Tell<Error>;
  onResponseEnd?: Tell<unknown>;
}

export function callOf(request: CoreRequest): OutboundCall | undefined {
  return request[callKey];
}

/**
 * Lets go of a call that has ended. undici's requests outlive their exchange by some collections of the young generation, which
 * copies all that hangs on them each time: that was most of what a call cost.
 */
export function releaseCall(request: CoreRequest): void {
  request[callKey] = undefined;
}

/**
 * Ties a call to its request. What undici does after an error (its retries) or a redirect belongs to the request, not to the one
 * that has opened the connection, whose context it would otherwise run in.
 */
export function followRequest(request: CoreRequest, call: OutboundCall): void {
  request[callKey] = call;
  if (typeof request.onError === 'function') request.onError = onErrorInContext;
  else if (typeof request.onResponseError === 'function') request.onResponseError = onResponseErrorInContext;
}

export function followRedirect(
  request: CoreRequest,
  call: OutboundCall,
  statusCode: number,
  headers: unknown,
): void {
  const context = redirectContext(call, statusCode, headerOf(headers, 'location'));
  if (context === undefined) return;
  expectFollowed(call, context);
  request[redirectKey] = context;
  if (typeof request.onComplete === 'function') request.onComplete = onCompleteInContext;
  else if (typeof request.onResponseEnd === 'function') request.onResponseEnd = onResponseEndInContext;
}

function onErrorInContext(this: CoreRequest, error: Error): unknown {
  const { onError } = prototypeOf(this);
  const call = this[callKey];
  if (call === undefined) return onError.call(this, error);
  return runInContext(retryContext(call), onError, this, error);
}

function onResponseErrorInContext(this: CoreRequest, error: Error): unknown {
  const { onResponseError } = prototypeOf(this);
  const call = this[callKey];
  if (call === undefined) return onResponseError.call(this, error);
  return runInContext(retryContext(call), onResponseError, this, error);
}

function onCompleteInContext(this: CoreRequest, trailers: unknown): unknown {
  return runInContext(this[redirectKey] as Context, prototypeOf(this).onComplete, this, trailers);
}

function onResponseEndInContext(this: CoreRequest, trailers: unknown): unknown {
  return runInContext(this[redirectKey] as Context, prototypeOf(this).onResponseEnd, this, trailers);
}

function prototypeOf(request: CoreRequest): Required<CoreRequest> {
  return Object.getPrototypeOf(request);
}

/** Ends the request from this side, wherever it is. */
export function abortRequest(request: CoreRequest, error: Error): void {
  if (typeof request.abort === 'function') request.abort(error);
  else if (typeof request.onError === 'function') request.onError(error);
  else request.onResponseError?.(error);
}

/** The headers of a request: names and values in turn. */
export const undiciHeaders = new HeaderAccess<CoreRequest>(
  (request, name) => headerOf(request.headers, name),
  (request, name, value) => {
    const { headers } = request;
    if (!Array.isArray(headers)) {
      request.addHeader(name, value);
      return;
    }
    request.addHeader = addHeaderOnce;
    const index = indexOf(headers, name);
    // As addHeader() would, once it has looked at every character of the value.
    if (index < 0) headers.push(name, value);
    else if (name === 'baggage' && !isSignedIn(headers, name)) mergeInto(headers, index, value);
  },
);

/** Others that write a header of this library's get to write it in its place: one header has one value. */
function addHeaderOnce(this: CoreRequest, name: string, value: string): unknown {
  try {
    const { headers } = this;
    const lowerCase = name.toLowerCase();
    if (isContextHeader(lowerCase) && Array.isArray(headers)) {
      const index = indexOf(headers, lowerCase);
      if (index >= 0) {
        // What is left of ours belonged to the old one.
        if (lowerCase === 'traceparent') removeFrom(headers, 'tracestate');
        const ours = lowerCase === 'baggage' ? String(headers[index + 1]) : undefined;
        prototypeOf(this).addHeader.call(this, name, value);
        removeAt(headers, indexOf(headers, lowerCase));
        if (ours !== undefined) mergeInto(headers, indexOf(headers, lowerCase), ours);
        return this;
      }
    }
  } catch (error) {
    this[callKey]?.owner.caught('client.undici.headers', error);
  }
  return prototypeOf(this).addHeader.call(this, name, value);
}

function isSignedIn(headers: readonly unknown[], name: string): boolean {
  return isSigned(name, headerOf(headers, 'authorization'), headerOf(headers, 'signature-input'));
}

/** Merges baggage into what is there, in one line. */
function mergeInto(headers: unknown[], index: number, value: string): void {
  const given = [headers[index + 1]].flat();
  for (let next = lastIndexOf(headers, 'baggage'); next > index; next = lastIndexOf(headers, 'baggage')) {
    given.push(...[headers[next + 1]].flat());
    removeAt(headers, next);
  }
  headers[index + 1] = mergeBaggage(given, value);
}

function removeFrom(headers: unknown[], name: string): void {
  const index = indexOf(headers, name);
  if (index >= 0) removeAt(headers, index);
}

function removeAt(headers: unknown[], index: number): void {
  headers.splice(index, 2);
}

/** Reads a header of a request or a response: names and values in turn, as texts or buffers, or an object by name. */
export function headerOf(headers: unknown, name: string): string | undefined {
  if (Array.isArray(headers)) {
    const index = indexOf(headers, name);
    return index < 0 ? undefined : String(headers[index + 1]);
  }
  const value = (headers as Record<string, unknown> | null | undefined)?.[name];
  return value === undefined ? undefined : String(value);
}

function indexOf(headers: readonly unknown[], name: string): number {
  for (let index = 0; index + 1 < headers.length; index += 2) if (isNamed(headers[index], name)) return index;
  return -1;
}

function lastIndexOf(headers: readonly unknown[], name: string): number {
  for (let index = headers.length - 2; index >= 0; index -= 2)
    if (isNamed(headers[index], name)) return index;
  return -1;
}

function isNamed(key: unknown, name: string): boolean {
  return (key as { readonly length?: number }).length === name.length && String(key).toLowerCase() === name;
}
