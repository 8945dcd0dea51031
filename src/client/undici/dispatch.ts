import type { Context } from '@opentelemetry/api';
import type { OutboundCall } from '../outbound-call.js';

const contextKey = Symbol('golden-signals.context');

export interface DispatchOptions {
  readonly origin?: string | URL;
  readonly method?: string;
  readonly path?: string;
  readonly upgrade?: unknown;
  readonly signal?: unknown;
  readonly servername?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
}

/** Takes what becomes of a dispatched request: as versions 6 and 7 call it, or as version 8 does. */
export interface DispatchHandler {
  [contextKey]?: Context;
  onConnect?(abort: (reason?: unknown) => void, context: unknown): void;
  onHeaders?(statusCode: number, headers: Buffer[], resume: () => void, statusText: string): unknown;
  onData?(chunk: Buffer): unknown;
  onComplete?(trailers: Buffer[]): void;
  onError?(error: Error): void;
  onUpgrade?(statusCode: number | null, ...others: unknown[]): unknown;
  onRequestStart?(controller: unknown, context: unknown): void;
  onResponseStarted?(): void;
  onResponseStart?(controller: unknown, statusCode: number, headers: object, statusText: string): void;
  onResponseData?(controller: unknown, chunk: Buffer): void;
  onResponseEnd?(controller: unknown, trailers: object): void;
  onResponseError?(controller: unknown, error: Error): void;
}

export type Dispatch = (this: object, options: DispatchOptions, handler: DispatchHandler) => boolean;

/** Notes the context that a request was made in: a pool may keep it waiting, and hands it on in that of another one. */
export function noteContext(handler: DispatchHandler, context: Context): void {
  if (typeof handler === 'object' && handler !== null && Object.isExtensible(handler))
    handler[contextKey] = context;
}

export function notedContext(handler: DispatchHandler): Context | undefined {
  return handler?.[contextKey];
}

/** Fails the request as undici itself would. Returns true, "not busy": a pool would otherwise wait for a drain that never comes. */
export function rejectDispatch(handler: DispatchHandler, error: Error): boolean {
  if (typeof handler.onError === 'function') handler.onError(error);
  else handler.onResponseError?.(null, error);
  return true;
}

/** Reports an upgrade, for which older copies of undici have no channel. A second report does no harm. */
export function reportUpgrade(handler: DispatchHandler, call: OutboundCall): void {
  const { onUpgrade } = handler;
  if (typeof onUpgrade !== 'function' || !Object.isExtensible(handler)) return;
  handler.onUpgrade = function (this: DispatchHandler, statusCode, ...others) {
    if (statusCode !== null) {
      call.owner.responded(call, statusCode, undefined, undefined);
      call.owner.completed(call);
    }
    return onUpgrade.call(this, statusCode, ...others);
  };
}
