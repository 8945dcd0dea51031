import type { Context } from '@opentelemetry/api';
import { isStorageUsed, runInContext } from '../context/storage.js';
import type { OutboundCall } from './outbound-call.js';
import { HeaderAccess } from './outbound-headers.js';
import { expectFollowed, redirectContext, retryContext } from './resend.js';

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
  addHeader(name: string, value: string): void;
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
  if (!isStorageUsed()) return;
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
  if (!isStorageUsed()) return;
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
    const index = Array.isArray(headers) ? indexOf(headers, name) : -1;
    if (index < 0) request.addHeader(name, value);
    else (headers as unknown[])[index + 1] = value;
  },
  // As addHeader() would, once it has looked at every character of the value.
  (request, name, value) => {
    const { headers } = request;
    if (Array.isArray(headers)) headers.push(name, value);
    else request.addHeader(name, value);
  },
);

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
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const key = headers[index] as { readonly length?: number };
    if (key.length === name.length && String(key).toLowerCase() === name) return index;
  }
  return -1;
}
