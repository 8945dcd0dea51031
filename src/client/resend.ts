import { type Context, createContextKey } from '@opentelemetry/api';
import type { OutboundCall } from './outbound-call.js';
import { defaultPort, type Target, urlOf } from './target.js';

/** Under this key a context says which request a client is about to send once more. */
const RESEND_KEY = createContextKey('golden-signals resend');

/** A request that goes out again, here or where a redirect has pointed. */
interface Resend {
  readonly count: number;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** The context without this, so that a loop of redirects does not make it longer and longer. */
  readonly context: Context;
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * The context for a client to follow a redirect in: a call in it to where the response points is known as a resend. Undefined
 * where the response points nowhere.
 */
export function redirectContext(
  call: OutboundCall,
  statusCode: number,
  location: unknown,
): Context | undefined {
  if (
    typeof location !== 'string' ||
    !redirects.has(statusCode) ||
    !URL.canParse(location, urlOf(call.target))
  )
    return undefined;
  const url = new URL(location, urlOf(call.target));
  const port = Number(url.port) || defaultPort(url.protocol === 'https:' ? 'https' : 'http');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return withResend(call, host, port, url.pathname + url.search);
}

/**
 * The newest redirect of each context, where the next request cannot get a context of its own: a `fetch` that we did not wrap follows
 * redirects out of sight. It expires after a second: a later request to the same place is a new one.
 */
const followed = new WeakMap<Context, Resend & { readonly untilMs: number }>();
let followedUntilMs = Number.NEGATIVE_INFINITY;
const followedForMs = 1_000;

/** Expects the redirect that {@link redirectContext} is about to be followed in the context of the call itself. */
export function expectFollowed(call: OutboundCall, redirected: Context): void {
  followedUntilMs = performance.now() + followedForMs;
  followed.set(call.context, { ...(redirected.getValue(RESEND_KEY) as Resend), untilMs: followedUntilMs });
}

function followedCountOf(context: Context, target: Target): number {
  if (followedUntilMs === Number.NEGATIVE_INFINITY) return 0;
  const now = performance.now();
  if (now > followedUntilMs) {
    followedUntilMs = Number.NEGATIVE_INFINITY;
    return 0;
  }
  const resend = followed.get(context);
  if (resend === undefined || now > resend.untilMs || !isTo(resend, target)) return 0;
  followed.delete(context);
  return resend.count;
}

/** The context for a client to repeat the call in. */
export function retryContext(call: OutboundCall): Context {
  return withResend(call, call.host, call.port, call.target.path);
}

function withResend(call: OutboundCall, host: string, port: number, path: string): Context {
  const before = call.context.getValue(RESEND_KEY) as Resend | undefined;
  const context = before?.context ?? call.context;
  const resend: Resend = { count: call.resendCount + 1, host, port, path, context };
  return context.setValue(RESEND_KEY, resend);
}

/** 0 for a request that goes out for the first time. */
export function resendCountOf(context: Context, target: Target): number {
  const resend = context.getValue(RESEND_KEY) as Resend | undefined;
  return resend !== undefined && isTo(resend, target) ? resend.count : followedCountOf(context, target);
}

function isTo(resend: Resend, { path, authority }: Target): boolean {
  if (resend.host !== authority.host || resend.port !== authority.port) return false;
  // By way of a proxy the path is a whole URL.
  return path === resend.path || (path.charCodeAt(0) !== 0x2f && path.endsWith(resend.path));
}
