import { isError } from '../../core/is-error.js';
/** What came back, or why nothing did. */
export type Answer =
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  | { readonly kind: 'failure'; readonly reason: string };

const timeoutMs = 3_000;
const maxBytes = 32 * 2 ** 20;

/** One request with a short bound; credentials in the URL are sent as a header, for fetch() refuses them. Never rejects. */
export async function request(url: URL, init: RequestInit = {}): Promise<Answer> {
  const target = new URL(url);
  const headers = new Headers(init.headers);
  if (target.username !== '' || target.password !== '') {
    const pair = `${decodeURIComponent(target.username)}:${decodeURIComponent(target.password)}`;
    headers.set('authorization', `Basic ${Buffer.from(pair).toString('base64')}`);
    target.username = '';
    target.password = '';
  }
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(target, { ...init, headers, signal, redirect: 'manual' });
    return { kind: 'answer', status: response.status, body: await bounded(response) };
  } catch (error) {
    return { kind: 'failure', reason: reasonOf(error) };
  }
}

async function bounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new Error('the answer is longer than 32 MiB');
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

/** A code, where there is one: messages hold addresses. */
function reasonOf(error: unknown): string {
  if (!isError(error)) return 'it failed';
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1_000} s`;
  const { cause } = error as { cause?: unknown };
  const code = (cause as { code?: unknown } | undefined)?.code ?? (error as { code?: unknown }).code;
  if (typeof code === 'string') return code;
  const errors = (cause as { errors?: readonly { code?: unknown }[] } | undefined)?.errors;
  const first = errors?.[0]?.code;
  return typeof first === 'string' ? first : 'the connection failed';
}

/** Where a URL leads, without its credentials and its query. */
export function shownUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}
