import type { ImportOrder, Order } from './children.js';

/** What the breaker of the upstream is told: a success, a failure, or nothing at all. */
export type Verdict = 'fine' | 'failure' | 'nothing';

/** One CLIENT span: the status that came, and the error.type; undefined for none. */
export interface Attempt {
  readonly status?: number;
  readonly errorType?: string | RegExp;
}

export interface Case {
  readonly title: string;
  /** The path of the misbehaving server, or where else the call goes. */
  readonly to: string;
  readonly order?: Partial<Order>;
  /** The status that the caller gets, or that he gets an error. */
  readonly gives: number | 'error';
  readonly attempts: readonly Attempt[];
  readonly verdict: Verdict;
}

export const CLIENTS = [
  'fetch',
  'http.request',
  'http.get',
  'http.request, agent: false',
  'http.request, own agent',
  'http.request, array headers',
  'axios',
  'axios fetch',
  'got',
  'ky',
  'node-fetch',
  'superagent',
] as const;

export const undiciClients = (copy: string): string[] =>
  ['request', 'stream', 'pipeline', 'fetch', 'Agent', 'Pool', 'Client'].map((what) => `${copy} ${what}`);

const isOnUndici = (client: string) => /^(fetch|axios fetch|ky|undici.*)$/.test(client);
const isFetch = (client: string) => /^(fetch|ky|undici\d fetch)$/.test(client);
const followsRedirects = (client: string) =>
  isFetch(client) || ['axios', 'axios fetch', 'got', 'node-fetch', 'superagent'].includes(client);
/** Whoever hands an AbortSignal.timeout() on, so that it can be told from any other abort. */
const tellsTimeouts = (client: string) =>
  !['axios', 'axios fetch', 'got', 'node-fetch', 'superagent'].includes(client);
const keepsConnections = (client: string) =>
  client !== 'http.request, agent: false' && client !== 'superagent';

/** The table of breaker.md, "What the HTTP clients report", for one client. */
export function casesOf(client: string): readonly Case[] {
  const ok: Attempt = { status: 200 };
  const hungUp = isOnUndici(client) ? 'UND_ERR_SOCKET' : 'ECONNRESET';
  const fails = { gives: 'error', verdict: 'failure' } as const;
  const isCut = { ...fails, attempts: [ok] };
  const isAborted = { gives: 'error', verdict: 'nothing' } as const;
  return [
    { title: '200', to: 'ok', gives: 200, attempts: [ok], verdict: 'fine' },
    { title: '404', to: '404', gives: 404, attempts: [{ status: 404, errorType: '404' }], verdict: 'fine' },
    {
      title: '500',
      to: '500',
      gives: 500,
      attempts: [{ status: 500, errorType: '500' }],
      verdict: 'failure',
    },
    {
      title: '503',
      to: '503',
      gives: 503,
      attempts: [{ status: 503, errorType: '503' }],
      verdict: 'failure',
    },
    {
      title: '429 with Retry-After',
      to: '429',
      gives: 429,
      attempts: [{ status: 429, errorType: '429' }],
      verdict: 'nothing',
    },
    {
      title: 'HEAD',
      to: 'ok',
      order: { method: 'HEAD' },
      gives: 200,
      attempts: [ok],
      verdict: 'fine',
    },
    { title: '103 before 200', to: 'early-hints', gives: 200, attempts: [ok], verdict: 'fine' },
    { title: 'trailers', to: 'trailers', gives: 200, attempts: [ok], verdict: 'fine' },
    { title: 'a slow body', to: 'slow-body', gives: 200, attempts: [ok], verdict: 'fine' },
    { title: 'a whole answer, half-closed', to: 'half-closed', gives: 200, attempts: [ok], verdict: 'fine' },
    {
      title: 'a redirect',
      to: 'redirect',
      gives: followsRedirects(client) ? 200 : 302,
      attempts: followsRedirects(client) ? [{ status: 302 }, ok] : [{ status: 302 }],
      verdict: 'fine',
    },
    { title: 'RST before the head', to: 'reset', ...fails, attempts: [{ errorType: 'ECONNRESET' }] },
    { title: 'FIN before the head', to: 'fin', ...fails, attempts: [{ errorType: hungUp }] },
    { title: 'no HTTP', to: 'garbage', ...fails, attempts: [{ errorType: /^(HPE_|HTTPParserError)/ }] },
    { title: 'RST in the body', to: 'reset-body', ...isCut },
    { title: 'FIN in the body', to: 'fin-body', ...isCut },
    { title: 'FIN in a chunk', to: 'cut-chunk', ...isCut },
    { title: 'a port that refuses', to: 'refused', ...fails, attempts: [{ errorType: 'ECONNREFUSED' }] },
    {
      title: 'a name that does not resolve',
      to: 'unresolved',
      ...fails,
      attempts: [{ errorType: /^(ENOTFOUND|EAI_AGAIN)$/ }],
    },
    ...(client.startsWith('http.')
      ? []
      : [
          {
            title: 'TLS to a plain port',
            to: 'tls',
            ...fails,
            attempts: [{ errorType: /^(EPROTO|ERR_SSL_.+)$/ }],
          },
        ]),
    {
      title: 'an abort before the head',
      to: 'hang',
      order: { abort: { onceSeen: true } },
      ...isAborted,
      attempts: [{}],
    },
    {
      title: 'an abort with a reason before the head',
      to: 'hang',
      order: { abort: { onceSeen: true, reason: 'no longer wanted' } },
      ...isAborted,
      attempts: [{}],
    },
    {
      title: 'an abort in the body',
      to: 'drip',
      order: { abort: { afterHead: true } },
      ...isAborted,
      attempts: [ok],
    },
    {
      title: 'an abort with a reason in the body',
      to: 'drip',
      order: { abort: { afterHead: true, reason: 'no longer wanted' } },
      ...isAborted,
      attempts: [ok],
    },
    {
      title: "the caller's own time-out",
      to: 'hang',
      order: { abort: { timeoutMs: 60 } },
      gives: 'error',
      attempts: tellsTimeouts(client) ? [{ errorType: 'TimeoutError' }] : [{}],
      verdict: tellsTimeouts(client) ? 'failure' : 'nothing',
    },
    keepsConnections(client)
      ? {
          title: 'a kept connection that is being closed',
          to: 'stale',
          order: { warmUp: 'stale' },
          gives: 'error',
          attempts: [{ errorType: hungUp }],
          verdict: 'nothing',
        }
      : {
          title: 'no kept connection',
          to: 'stale',
          order: { warmUp: 'stale' },
          gives: 200,
          attempts: [ok],
          verdict: 'fine',
        },
  ];
}

/** How a client hands on that the circuit is open: the CircuitOpenError itself, an error of its own with that code, or with that cause. */
export function rejectionOf(client: string, order: ImportOrder): 'itself' | 'code' | 'cause' {
  if (/^undici\d fetch$/.test(client)) return 'cause';
  if (client === 'fetch' && order === 'destructured') return 'cause';
  return ['axios', 'axios fetch', 'got', 'node-fetch'].includes(client) ? 'code' : 'itself';
}
