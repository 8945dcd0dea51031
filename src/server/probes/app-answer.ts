/**
 * How an application answers a probe:
 * - `own`: by a health answer of its own, or one that looks like it;
 * - `failing`: by an error, of its own health or of every path;
 * - `page`: by a page for a browser, as a single page application does for every path;
 * - `wall`: by a demand to authenticate or a redirect, as a guard in front of every path does;
 * - `busy`: by a request to come later;
 * - `none`: it has no route there.
 */
export type AppAnswer = 'own' | 'failing' | 'page' | 'wall' | 'busy' | 'none';

/** The head of an application's answer to a GET or HEAD of `path`. */
export interface AnswerHead {
  readonly path: string;
  readonly isHead: boolean;
  readonly status: number;
  header(name: string): unknown;
}

const nothing: ReadonlySet<number> = new Set([404, 405, 501]);
const walls: ReadonlySet<number> = new Set([401, 403, 407, 511]);
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** An answer to HEAD shows nothing of a body but its length: a page is longer than this, and "OK" is not. */
const longestWordBytes = 100;

/** What an answer is by its head; undefined where its first bytes decide between a page and a health answer. */
export function judgeHead(head: AnswerHead): AppAnswer | undefined {
  const { status } = head;
  if (nothing.has(status)) return 'none';
  if (walls.has(status)) return 'wall';
  if (status === 429) return 'busy';
  if (redirects.has(status)) return leadsHere(head) ? 'own' : 'wall';
  if (status >= 400) return 'failing';
  if (!String(head.header('content-type') ?? '').startsWith('text/html')) return 'own';
  // Compressed, it says nothing; what is worth compressing is no health answer.
  if (head.header('content-encoding') !== undefined) return 'page';
  if (!head.isHead) return undefined;
  const length = Number(head.header('content-length') ?? Number.POSITIVE_INFINITY);
  return length > longestWordBytes ? 'page' : 'own';
}

/** What a text/html answer is by the first bytes of its body: many a framework calls every text so. */
export function judgeBody(chunk: string | Uint8Array): AppAnswer {
  const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk.subarray(0, 256)).toString('utf8');
  return /^\uFEFF?\s*</.test(text) ? 'page' : 'own';
}

/** A redirect to the same path with a slash more or less is only a detour to the answer. */
function leadsHere({ path, header }: AnswerHead): boolean {
  const location = String(header('location') ?? '').replace(/[?#].*$/, '');
  return location !== path && withoutSlash(location) === withoutSlash(path);
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
