import type { ServerResponse } from 'node:http';
import { type AppAnswer, judgeBody, judgeHead } from './app-answer.js';
import { type AnswerSample, isAlike } from './elsewhere.js';
import { type ResponseMethods, type RouteAnswer, sendAnswer } from './own-route.js';

export interface HoldParts {
  readonly res: ServerResponse;
  readonly path: string;
  readonly isHead: boolean;
  /** A page is an answer too: something stands at that very path, or the caller is a browser. */
  readonly isPageWelcome: boolean;
  /**
   * Asks the application for a path that has no route: an answer that it gives to everything is no answer to a probe. Undefined where it
   * is not to be asked.
   */
  readonly askElsewhere: ((answered: (sample: AnswerSample | undefined) => void) => void) | undefined;
  /** Called once with the application's answer, also when that is too late for this request. Must not throw. */
  readonly onAnswer: (answer: AppAnswer) => void;
  /** Has this library answer instead, now or later, by the function it is given, which is false where the caller has gone. Must not throw. */
  readonly answerInstead: (send: (answer: RouteAnswer) => boolean) => void;
  /** The request needs no time limit any more. */
  readonly onSettled: () => void;
}

type Method = (...args: unknown[]) => unknown;

/** What is kept of the application's headers: how a connection goes on is not for an answer to say. */
const kept: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'date']);

/**
 * Holds an application's answer back until its head, or its first bytes, tell what it is. An answer of its own then goes out by the very
 * calls that the application made; any other is swallowed to its end, where this library answers. The application sees a response that
 * behaves as ever.
 */
export class HeldAnswer {
  readonly #parts: HoldParts;
  readonly #methods: ResponseMethods & Readonly<Record<string, Method>>;
  readonly #bytesBefore: number | undefined;
  /** Own properties of the response that are this library's, to tell them from what others have put on top. */
  readonly #overrides = new Map<string, PropertyDescriptor>();
  /** `paged`: the head is known and may be that of a page. `compared`: what it answers elsewhere is still to come. */
  #state: 'held' | 'paged' | 'compared' | 'released' | 'swallowed' = 'held';
  /** What the application does to the response meanwhile. */
  readonly #calls: (readonly [name: string, args: unknown[]])[] = [];
  #head: Pick<AnswerSample, 'status' | 'type'> = { status: 0, type: '' };
  #isPeeking = false;
  #headArgs: unknown[] | undefined;
  #isJudged = false;
  /** This library answers, or is about to. */
  #isAnswered = false;
  /** What the application believes to have done. */
  #hasHead = false;
  #hasEnded = false;
  /** What it sets after this library has answered. */
  readonly #lateHeaders = new Map<string, unknown>();

  constructor(parts: HoldParts) {
    this.#parts = parts;
    const { res } = parts;
    const { writeHead, write, end, flushHeaders } = res as unknown as Record<string, Method>;
    this.#methods = { writeHead, write, end, flushHeaders } as never;
    this.#bytesBefore = isHttp1(res) ? res.socket?.bytesWritten : undefined;
    this.#override('writeHead', (...args) => this.#writeHead(args));
    this.#override('write', (...args) => this.#writeOrEnd('write', args));
    this.#override('end', (...args) => this.#writeOrEnd('end', args));
    this.#override('flushHeaders', () => this.#flushHeaders());
    res.once('close', this.#onClose);
  }

  /** The time is up: this library answers now. A later answer of the application is still reported. */
  giveUp(): void {
    const { res, onSettled } = this.#parts;
    if (this.#state === 'released' || this.#isAnswered || res.destroyed) return;
    if (this.#state === 'compared') {
      this.#compare(undefined);
      return;
    }
    onSettled();
    if (this.#hasAnsweredPast()) {
      this.#judge('failing');
      this.#release();
      return;
    }
    this.#answerInstead();
    this.#shield();
  }

  #writeHead(args: unknown[]): unknown {
    const { res } = this.#parts;
    if (this.#state === 'held') this.#seeHead(Number(args[0]), args);
    if (this.#isPeeking) return res;
    if (this.#state === 'released') return this.#methods.writeHead.apply(res, args as never);
    if (this.#state === 'paged') this.#headArgs ??= args;
    if (this.#state === 'compared') this.#calls.push(['writeHead', args]);
    this.#hasHead = true;
    return res;
  }

  #writeOrEnd(name: 'write' | 'end', args: unknown[]): unknown {
    const { res } = this.#parts;
    const [first] = args;
    const chunk =
      typeof first === 'string' || ArrayBuffer.isView(first) ? (first as string | Uint8Array) : '';
    if (this.#state === 'held') this.#peek();
    if (this.#state === 'paged' && (name === 'end' || chunk.length > 0)) {
      this.#settle(judgeBody(chunk));
      if (this.#isReleased && this.#headArgs !== undefined)
        this.#methods.writeHead.apply(res, this.#headArgs as never);
    }
    if (this.#state === 'compared') {
      this.#keep(name, args);
      return name === 'write' ? true : res;
    }
    if (this.#isReleased) return (this.#methods[name] as Method).apply(res, args);
    this.#hasHead = true;
    this.#callBack(name, args);
    if (name === 'write') return true;
    this.#hasEnded = true;
    if (!this.#isAnswered) this.#answerInstead();
    return res;
  }

  /** As if what is swallowed had been written. */
  #callBack(name: string, args: readonly unknown[]): void {
    const { res } = this.#parts;
    const callback = args.find((arg) => typeof arg === 'function') as (() => void) | undefined;
    if (callback === undefined) return;
    if (name === 'write' || res.writableFinished) process.nextTick(callback);
    else res.once('finish', callback);
  }

  #keep(name: string, args: unknown[]): void {
    if (this.#headArgs !== undefined) this.#calls.push(['writeHead', this.#headArgs]);
    this.#headArgs = undefined;
    this.#calls.push([name, args]);
    this.#hasHead = true;
    if (name === 'end') this.#hasEnded = true;
  }

  get #isReleased(): boolean {
    return this.#state === 'released';
  }

  #flushHeaders(): void {
    if (this.#state === 'held') this.#peek();
    if (this.#state === 'compared') this.#keep('flushHeaders', []);
    else if (this.#isReleased) this.#methods.flushHeaders.call(this.#parts.res);
  }

  /**
   * Has the head made up as Node would now, through every wrapper that stands on writeHead(), and nothing written: written here, it
   * would not know the length of a body that is all there.
   */
  #peek(): void {
    const { res } = this.#parts;
    this.#isPeeking = true;
    try {
      res.writeHead(res.statusCode);
    } finally {
      this.#isPeeking = false;
    }
    if (this.#state === 'held') this.#seeHead(res.statusCode, []);
  }

  #seeHead(status: number, args: readonly unknown[]): void {
    const { res, path, isHead } = this.#parts;
    const header = (name: string) =>
      headerIn(args[args.length - 1], name) ??
      (this.#isAnswered ? this.#lateHeaders.get(name) : res.getHeader(name));
    const answer = judgeHead({ path, isHead, status, header });
    this.#head = { status, type: String(header('content-type') ?? '') };
    if (answer === undefined) this.#state = 'paged';
    else this.#settle(answer);
  }

  #settle(answer: AppAnswer): void {
    const { isPageWelcome, askElsewhere } = this.#parts;
    if (answer === 'own' && askElsewhere !== undefined && this.#head.status < 300 && !this.#isAnswered) {
      this.#state = 'compared';
      this.#pretend();
      askElsewhere((sample) => this.#compare(sample));
      return;
    }
    const isTheirs = answer === 'own' || answer === 'failing' || (answer === 'page' && isPageWelcome);
    this.#judge(answer);
    if (this.#isAnswered) this.#state = 'swallowed';
    else if (isTheirs) this.#release();
    else {
      this.#state = 'swallowed';
      this.#pretend();
    }
  }

  #compare(sample: AnswerSample | undefined): void {
    if (this.#state !== 'compared') return;
    const { res, isHead } = this.#parts;
    const chunks = this.#calls.flatMap(([, [chunk]]) =>
      typeof chunk === 'string' || ArrayBuffer.isView(chunk) ? [Buffer.from(chunk as string)] : [],
    );
    // A body is not sent for HEAD, whatever the application writes.
    const body = isHead ? '' : Buffer.concat(chunks);
    if (sample !== undefined && isAlike(sample, this.#head, body, isHead || this.#hasEnded)) {
      this.#judge('none');
      this.#state = 'swallowed';
      for (const [name, args] of this.#calls) this.#callBack(name, args);
      if (this.#hasEnded && !this.#isAnswered) this.#answerInstead();
      return;
    }
    this.#judge('own');
    if (this.#isAnswered) {
      this.#state = 'swallowed';
      return;
    }
    this.#release();
    for (const [name, args] of this.#calls) (this.#methods[name] as Method).apply(res, args);
  }

  #judge(answer: AppAnswer): void {
    if (this.#isJudged) return;
    this.#isJudged = true;
    this.#parts.onAnswer(answer);
  }

  /** From here on the response is the application's, as if nothing had been. */
  #release(): void {
    this.#state = 'released';
    this.#parts.res.off('close', this.#onClose);
    this.#withdraw();
    this.#parts.onSettled();
  }

  #answerInstead(): void {
    const { onSettled, answerInstead } = this.#parts;
    this.#isAnswered = true;
    onSettled();
    answerInstead((answer) => this.#send(answer));
  }

  /** Sends an answer of this library's, in place of all that the application has done to the response. */
  #send(answer: RouteAnswer): boolean {
    const { res, isHead } = this.#parts;
    const overrides = this.#withdraw();
    try {
      if (res.headersSent || res.destroyed) return false;
      for (const name of res.getHeaderNames()) if (!kept.has(name)) res.removeHeader(name);
      // HTTP/2 has no such thing, and warns of it.
      if (isHttp1(res)) res.statusMessage = '';
      return sendAnswer(res, isHead, answer, this.#methods);
    } finally {
      for (const [name, descriptor] of overrides) this.#define(name, descriptor);
    }
  }

  /** While the application's answer is withheld, the response looks to it as if it had been sent. */
  #pretend(): void {
    this.#define('headersSent', { get: () => this.#hasHead });
    this.#define('writableEnded', { get: () => this.#hasEnded });
  }

  /** Behind an answer of ours, an application that is still at it is not to fail on it. */
  #shield(): void {
    const { res } = this.#parts;
    const headers = this.#lateHeaders;
    const set: Method = (name, value) => {
      headers.set(String(name).toLowerCase(), value);
      return res;
    };
    this.#pretend();
    this.#override('setHeader', set);
    this.#override('appendHeader', set);
    this.#override('setHeaders', (given) => {
      for (const [name, value] of given as Iterable<[unknown, unknown]>) set(name, value);
      return res;
    });
    this.#override('getHeader', (name) => headers.get(String(name).toLowerCase()));
    this.#override('hasHeader', (name) => headers.has(String(name).toLowerCase()));
    this.#override('removeHeader', (name) => void headers.delete(String(name).toLowerCase()));
    this.#override('addTrailers', () => {});
  }

  #override(name: string, value: Method): void {
    this.#define(name, { value, writable: true, enumerable: true });
  }

  #define(name: string, descriptor: PropertyDescriptor): void {
    this.#overrides.set(name, descriptor);
    Object.defineProperty(this.#parts.res, name, { ...descriptor, configurable: true });
  }

  /** Takes from the response what this library has put there, but for what others have wrapped meanwhile. */
  #withdraw(): [string, PropertyDescriptor][] {
    const { res } = this.#parts;
    const withdrawn: [string, PropertyDescriptor][] = [];
    for (const [name, descriptor] of this.#overrides) {
      const current = Object.getOwnPropertyDescriptor(res, name);
      if (current?.value !== descriptor.value || current?.get !== descriptor.get) continue;
      Reflect.deleteProperty(res, name);
      withdrawn.push([name, descriptor]);
    }
    return withdrawn;
  }

  /** An answer that went out by other ways: the prototype's methods, the stream of HTTP/2, the bare socket. */
  #hasAnsweredPast(): boolean {
    const { res } = this.#parts;
    if (this.#state !== 'held') return false;
    return (
      res.headersSent || (this.#bytesBefore !== undefined && res.socket?.bytesWritten !== this.#bytesBefore)
    );
  }

  readonly #onClose = (): void => {
    this.#parts.onSettled();
    if (!this.#isAnswered && this.#hasAnsweredPast()) this.#judge('failing');
  };
}

function isHttp1(res: ServerResponse): boolean {
  return res.req.httpVersionMajor < 2;
}

/** A header among those of a writeHead(): an object, pairs, or names and values in turn. */
function headerIn(headers: unknown, name: string): unknown {
  if (typeof headers !== 'object' || headers === null) return undefined;
  if (!Array.isArray(headers)) {
    const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name);
    return found?.[1];
  }
  const pairs = Array.isArray(headers[0])
    ? (headers as unknown[][])
    : headers.flatMap((key, index) => (index % 2 === 0 ? [[key, headers[index + 1]]] : []));
  return pairs.find(([key]) => String(key).toLowerCase() === name)?.[1];
}
