import { batch, effect, type ReadonlySignal, signal, untracked } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { isLive } from '../address/time-window.js';
import { alertChanges, changes } from './stream.js';

export type Params = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface Answer<T> {
  /** The latest answer; that of the question before where its own has not come yet. */
  readonly data: ReadonlySignal<T | undefined>;
  /** Why the latest question failed, as text for the reader of the page. */
  readonly error: ReadonlySignal<string | undefined>;
  /** Whether `data` is of another question than the one that is asked now. */
  readonly isOld: ReadonlySignal<boolean>;
  /** Asks now. */
  readonly refresh: () => void;
}

export interface QuestionOptions {
  /** Asked anew at most so often when something comes in, in milliseconds (2000); 0 for never. */
  readonly everyMs?: number;
  /** Asked anew when an alert changes, too. */
  readonly isOfAlerts?: boolean;
  /** Asked anew though a past time is looked at, for what has no time. */
  readonly isTimeless?: boolean;
}

/** A page on which nothing comes in is asked anew so often all the same: things end, too. */
const idleMs = 5_000;
const mostRemembered = 60;
/** Another part of the page may have asked the same just now: its answer will do. */
const freshMs = 900;

/** The latest answers by their address, so that going back shows at once what was there. */
const remembered = new Map<string, { readonly answer: unknown; readonly atMs: number }>();

function remember(url: string, answer: unknown): void {
  remembered.delete(url);
  remembered.set(url, { answer, atMs: Date.now() });
  const [oldest] = remembered.keys();
  if (remembered.size > mostRemembered && oldest !== undefined) remembered.delete(oldest);
}

interface Flight {
  readonly answer: Promise<unknown>;
  readonly abort: AbortController;
  askers: number;
}

/** What is being asked now: who asks the same waits for the same answer. */
const flights = new Map<string, Flight>();

/** Asks together with others; the question is given up when all of them have aborted. */
async function askTogether<T>(url: string, signal: AbortSignal): Promise<T> {
  const known = flights.get(url);
  const abort = known?.abort ?? new AbortController();
  const flight = known ?? { abort, askers: 0, answer: ask(url, { signal: abort.signal }) };
  flights.set(url, flight);
  flight.askers += 1;
  const leave = () => {
    flight.askers -= 1;
    if (flight.askers > 0) return;
    if (flights.get(url) === flight) flights.delete(url);
    flight.abort.abort();
  };
  signal.addEventListener('abort', leave);
  try {
    return (await flight.answer) as T;
  } finally {
    signal.removeEventListener('abort', leave);
    if (flights.get(url) === flight) flights.delete(url);
  }
}

/** Asks the console once. @throws Error with the text of the console */
export async function ask<T>(url: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(url, init);
  await expectOk(response);
  return (await response.json()) as T;
}

/** Sends a POST without a body. @throws Error with the text of the console */
export async function post(url: string): Promise<void> {
  await expectOk(await fetch(url, { method: 'POST' }));
}

async function expectOk(response: Response): Promise<void> {
  if (response.ok) return;
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  const text = isJson ? ((await response.json()) as { error?: string }).error : await response.text();
  throw new Error(text ?? `the console answered ${response.status}`);
}

export function questionUrl(path: string, params: Params): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === '') continue;
    if (typeof value === 'object') for (const one of value) search.append(name, one);
    else search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? `/api/${path}` : `/api/${path}?${text}`;
}

/** One question that may be asked again and again; only its latest answer counts. */
class Asker<T> implements Answer<T> {
  readonly data = signal<T | undefined>(undefined);
  readonly error = signal<string | undefined>(undefined);
  readonly isOld = signal(false);
  #url: string | undefined;
  #abort: AbortController | undefined;
  #isAskedAgain = false;
  #askedMs = 0;

  readonly refresh = (): void => {
    if (this.#url === undefined) return;
    if (this.#abort !== undefined) this.#isAskedAgain = true;
    else void this.#ask(this.#url);
  };

  /** How long ago it was asked, in milliseconds. */
  get ageMs(): number {
    return Date.now() - this.#askedMs;
  }

  become(url: string | undefined): void {
    if (url === this.#url) return;
    this.stop();
    this.#url = url;
    if (url === undefined) return;
    const known = remembered.get(url)?.answer as T | undefined;
    batch(() => {
      if (known !== undefined) this.data.value = known;
      this.isOld.value = known === undefined && this.data.value !== undefined;
      this.error.value = undefined;
    });
    void this.#ask(url);
  }

  stop(): void {
    this.#abort?.abort();
    this.#abort = undefined;
    this.#isAskedAgain = false;
  }

  async #ask(url: string): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    this.#askedMs = Date.now();
    try {
      const fresh = remembered.get(url);
      const isFresh = fresh !== undefined && Date.now() - fresh.atMs < freshMs;
      const answer = isFresh ? (fresh.answer as T) : await askTogether<T>(url, abort.signal);
      if (abort.signal.aborted) return;
      if (!isFresh) remember(url, answer);
      batch(() => {
        this.data.value = answer;
        this.error.value = undefined;
        this.isOld.value = false;
      });
    } catch (error) {
      if (!abort.signal.aborted) this.error.value = (error as Error).message;
    } finally {
      if (this.#abort === abort) {
        this.#abort = undefined;
        if (this.#isAskedAgain) {
          this.#isAskedAgain = false;
          this.refresh();
        }
      }
    }
  }
}

/**
 * Asks the console as long as the component is there, and anew when something comes in. Without a path nothing is asked.
 */
export function useQuestion<T>(
  path: string | undefined,
  params: Params = {},
  { everyMs = 2_000, isOfAlerts = false, isTimeless = false }: QuestionOptions = {},
): Answer<T> {
  const asker = useMemo(() => new Asker<T>(), []);
  const url = path === undefined ? undefined : questionUrl(path, params);
  useEffect(() => asker.become(url), [asker, url]);
  useEffect(() => {
    if (everyMs === 0) return () => asker.stop();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isFirst = true;
    const mayAsk = () =>
      document.visibilityState === 'visible' && (isTimeless || untracked(() => isLive.value));
    const later = () => {
      timer ??= setTimeout(
        () => {
          timer = undefined;
          if (mayAsk()) asker.refresh();
        },
        Math.max(0, everyMs - asker.ageMs),
      );
    };
    const unfollow = effect(() => {
      changes.value;
      const isPresent = isLive.value;
      if (!isFirst && (isPresent || isTimeless)) later();
      isFirst = false;
    });
    const unfollowAlerts = effect(() => {
      if (isOfAlerts && alertChanges.value > 0) asker.refresh();
    });
    const idle = setInterval(() => {
      if (asker.ageMs >= idleMs && mayAsk()) asker.refresh();
    }, idleMs);
    document.addEventListener('visibilitychange', later);
    return () => {
      unfollow();
      unfollowAlerts();
      clearTimeout(timer);
      clearInterval(idle);
      document.removeEventListener('visibilitychange', later);
      asker.stop();
    };
  }, [asker, everyMs, isOfAlerts, isTimeless]);
  return asker;
}
