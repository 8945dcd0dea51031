import { mergeBaggage } from '../../context/baggage.js';
import { activeContext } from '../../context/storage.js';
import { isSuppressed } from '../../context/suppressed.js';
import type { Faults } from '../../core/faults.js';
import { isSigned } from '../context-header.js';
import { isRejection } from '../is-rejection.js';
import { OpenAnswer } from '../open-answer.js';
import type { OutboundCall } from '../outbound-call.js';
import { HeaderAccess } from '../outbound-headers.js';
import type { OutboundRouter } from '../outbound-router.js';
import { createSocketTarget, createTargetAt, knownOrigin, type Target } from '../target.js';
import { FETCH_KEY, type FetchCall } from './fetch-call.js';

type Fetch = typeof globalThis.fetch;
type Input = Parameters<Fetch>[0];
/** Bun also takes the path of a Unix domain socket. */
type Init = RequestInit & { readonly unix?: unknown };

/**
 * Sends every call of a `fetch` that the runtime makes by itself, as Bun and Deno do, through the outbound pipeline. Nothing beneath it can
 * be seen: a redirect belongs to the call that was redirected, and a call is over for its breaker with the head of the response.
 */
export function throughPipeline(original: Fetch, router: OutboundRouter, faults: Faults): Fetch {
  return function fetch(this: unknown, input, init) {
    let call: OutboundCall | undefined;
    let given = init;
    try {
      const headers = headersOf(input, init);
      call = headers && begin(input, init, router);
      if (headers !== undefined && call !== undefined) given = prepared(call, input, init, headers);
    } catch (error) {
      if (error instanceof OpenAnswer) return Promise.resolve(responseOf(error));
      if (isRejection(error)) return Promise.reject(error);
      faults.caught('client.fetch', error);
      call?.owner.abandon(call);
      call = undefined;
      given = init;
    }
    const response = original.call(this, input, given);
    return call === undefined ? response : followed(call, response, faults);
  };
}

function headersOf(input: Input, init: Init | undefined): Headers | undefined {
  try {
    return new Headers((init?.headers ?? requestIn(input)?.headers) as Headers | undefined);
  } catch {
    // fetch itself comes upon it, and rejects.
    return undefined;
  }
}

function begin(input: Input, init: Init | undefined, router: OutboundRouter): OutboundCall | undefined {
  const context = activeContext();
  const outbound = isSuppressed(context) ? undefined : router.outboundFor(context);
  const target = outbound === undefined ? undefined : targetOf(input, init);
  if (outbound === undefined || target === undefined) return undefined;
  const fetchCall = context.getValue(FETCH_KEY) as FetchCall | undefined;
  let call: OutboundCall;
  try {
    call = outbound.begin(target, context, fetchCall?.attempts);
  } catch (error) {
    if (fetchCall !== undefined) fetchCall.isTurnedAway = isRejection(error);
    throw error;
  }
  if (fetchCall !== undefined) {
    call.signal = fetchCall.signal;
    call.retries = fetchCall.retries;
    fetchCall.attempts += 1;
    fetchCall.last = call;
  }
  return call;
}

function targetOf(input: Input, init: Init | undefined): Target | undefined {
  const request = requestIn(input);
  const url = request?.url ?? (typeof input === 'string' || isA('URL', input) ? String(input) : '');
  if (!URL.canParse(url)) return undefined;
  const { origin, pathname, search, protocol } = new URL(url);
  const method = upperCase(String(init?.method ?? request?.method ?? 'GET'));
  const socket = init?.unix;
  if (typeof socket === 'string' && socket !== '')
    return createSocketTarget(method, protocol === 'https:' ? 'https' : 'http', socket, pathname + search);
  const authority = knownOrigin(origin);
  return authority && createTargetAt(authority, method, pathname + search);
}

function requestIn(input: Input): Request | undefined {
  return isA('Request', input) ? (input as Request) : undefined;
}

/** By the name of its class: another realm has a class of its own. */
function isA(name: 'URL' | 'Request', input: Input): boolean {
  return Object.prototype.toString.call(input) === `[object ${name}]`;
}

/** As fetch does: of the methods that it knows, in any case. */
function upperCase(method: string): string {
  return /^(?:delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method;
}

/** What the call is made with: what the caller gave, with the headers of ours, and the time-out of its upstream. */
function prepared(
  call: OutboundCall,
  input: Input,
  init: RequestInit | undefined,
  headers: Headers,
): RequestInit {
  call.owner.writeHeaders(call, headers, fetchHeaders);
  const given: RequestInit = { ...copied(init), headers };
  if (call.config?.timeoutMs === undefined) return given;
  const deadline = new AbortController();
  call.owner.startDeadline(call, deadline, (controller, error) => controller.abort(error));
  const signal = init?.signal ?? requestIn(input)?.signal;
  return { ...given, signal: AbortSignal.any([deadline.signal, ...(signal ? [signal] : [])]) };
}

const standard = [
  'method',
  'body',
  'cache',
  'credentials',
  'duplex',
  'integrity',
  'keepalive',
  'mode',
  'redirect',
  'referrer',
  'referrerPolicy',
  'signal',
] as const;

/** Options may also be a Request, or inherit: what they say is then not their own. */
function copied(init: RequestInit | undefined): RequestInit {
  if (init === undefined || init === null) return {};
  const copy: Record<string, unknown> = { ...init };
  for (const name of standard) {
    const value: unknown = name in copy ? undefined : Reflect.get(init, name);
    if (value !== undefined) copy[name] = value;
  }
  return copy;
}

const fetchHeaders = new HeaderAccess<Headers>(
  (headers, name) => headers.get(name) ?? undefined,
  (headers, name, value) => {
    const given = headers.get(name);
    if (given === null) headers.set(name, value);
    else if (
      name === 'baggage' &&
      !isSigned(name, headers.get('authorization') ?? undefined, headers.get('signature-input') ?? undefined)
    )
      headers.set(name, mergeBaggage([given], value));
  },
);

function followed(call: OutboundCall, response: Promise<Response>, faults: Faults): Promise<Response> {
  const safely = (report: () => void) => {
    try {
      report();
    } catch (error) {
      faults.caught('client.fetch', error);
    }
  };
  return response.then(
    (value) => {
      safely(() => {
        call.owner.responded(call, value.status, value.headers.get('retry-after') ?? undefined, undefined);
        call.owner.completed(call);
      });
      return value;
    },
    (error: unknown) => {
      safely(() => {
        const { signal } = call;
        call.isCallerAbort =
          signal?.aborted === true &&
          (signal.reason as { name?: unknown } | undefined)?.name !== 'TimeoutError';
        call.owner.failed(call, withCode(error));
      });
      throw error;
    },
  );
}

const denoMessages: readonly (readonly [code: string, message: RegExp])[] = [
  ['ENOTFOUND', /dns error/],
  ['ECONNREFUSED', /connection refused/i],
  ['ECONNRESET', /connection (?:closed|reset)|end of file|broken pipe/i],
  ['ERR_SSL_FAILED', /invalid peer certificate|received fatal alert/i],
];

/** Deno's errors have no codes: what they say is in the message of their cause. */
function withCode(error: unknown): unknown {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { message?: unknown } };
  const message = cause?.message;
  if (code !== undefined || typeof message !== 'string') return error;
  const known = denoMessages.find(([, text]) => text.test(message));
  return known === undefined ? error : { name: 'Error', code: known[0] };
}

function responseOf(answer: OpenAnswer): Response {
  const { statusCode: status, statusText, headers, body } = answer;
  return new Response(new Uint8Array(body), {
    status,
    statusText,
    headers: headers.map(([...pair]) => pair),
  });
}
