import type { OpenAnswer } from '../open-answer.js';
import { releaseBody } from '../upload.js';
import type { DispatchHandler, DispatchOptions } from './dispatch.js';

/**
 * Gives a dispatched request an {@link OpenAnswer}, through the callbacks of its handler: those of undici 6 and 7, or those that 7 also
 * takes and 8 has alone. As late as a network would: not within the call. True: "not busy".
 */
export function answerDispatch(options: DispatchOptions, handler: DispatchHandler, answer: OpenAnswer): true {
  const isNewForm = typeof handler.onRequestStart === 'function';
  const exchange = new Exchange(options.method, answer, isNewForm ? newForm(handler) : oldForm(handler));
  setImmediate(() => exchange.begin());
  releaseBody(options.body);
  return true;
}

/** A handler, whichever form it has. What it returns or does says whether it wants to wait; it may throw. */
interface HandlerAdapter {
  connect(exchange: Exchange): void;
  /** False to wait. */
  head(answer: OpenAnswer): boolean;
  data(chunk: Buffer): boolean;
  end(): void;
  error(error: Error): void;
}

/** One answered request: what comes next, and whether it is still wanted. */
class Exchange {
  readonly #method: string | undefined;
  readonly #answer: OpenAnswer;
  readonly #handler: HandlerAdapter;
  #step: 'connect' | 'head' | 'data' | 'end' | 'over' = 'connect';
  #isPaused = false;

  constructor(method: string | undefined, answer: OpenAnswer, handler: HandlerAdapter) {
    this.#method = method;
    this.#answer = answer;
    this.#handler = handler;
  }

  begin(): void {
    this.#try(() => this.#handler.connect(this));
    if (this.#step === 'over') return;
    this.#step = 'head';
    this.#go();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    // The handler asks for more from within its own code.
    setImmediate(() => this.#go());
  }

  /** Ends it from the caller's side, as undici does: at once. */
  abort(reason: unknown): void {
    if (this.#step === 'over') return;
    this.#step = 'over';
    this.#handler.error((reason ?? abortError()) as Error);
  }

  #go(): void {
    const handler = this.#handler;
    const answer = this.#answer;
    while (!this.#isPaused) {
      switch (this.#step) {
        case 'head':
          this.#step = this.#method === 'HEAD' ? 'end' : 'data';
          this.#try(() => this.#pauseUnless(handler.head(answer)));
          break;
        case 'data':
          this.#step = 'end';
          this.#try(() => this.#pauseUnless(handler.data(answer.body)));
          break;
        case 'end':
          this.#finish(() => handler.end());
          break;
        default:
          return;
      }
    }
  }

  #pauseUnless(isReady: boolean): void {
    if (!isReady) this.#isPaused = true;
  }

  /** What a callback throws ends the request, as in undici. */
  #try(notify: () => void): void {
    try {
      notify();
    } catch (error) {
      this.abort(error);
    }
  }

  #finish(notify: () => void): void {
    this.#step = 'over';
    try {
      notify();
    } catch (error) {
      this.#handler.error(error as Error);
    }
  }
}

function abortError(): Error {
  return Object.assign(new Error('Request aborted'), { name: 'AbortError', code: 'UND_ERR_ABORTED' });
}

function rawHeaders(answer: OpenAnswer): Buffer[] {
  return answer.headers.flat().map((text) => Buffer.from(text, 'latin1'));
}

function oldForm(handler: DispatchHandler): HandlerAdapter {
  let resume = () => {};
  return {
    connect(exchange) {
      resume = () => exchange.resume();
      handler.onConnect?.((reason) => exchange.abort(reason), null);
    },
    head(answer) {
      handler.onResponseStarted?.();
      const { statusCode, statusText } = answer;
      return handler.onHeaders?.(statusCode, rawHeaders(answer), resume, statusText) !== false;
    },
    data: (chunk) => handler.onData?.(chunk) !== false,
    end: () => handler.onComplete?.([]),
    error: (error) => handler.onError?.(error),
  };
}

function newForm(handler: DispatchHandler): HandlerAdapter {
  let controller: Controller;
  const isReady = () => !controller.paused;
  return {
    connect(exchange) {
      controller = new Controller(exchange);
      handler.onRequestStart?.(controller, null);
    },
    head(answer) {
      handler.onResponseStarted?.();
      controller.rawHeaders = rawHeaders(answer);
      const headers = Object.fromEntries(answer.headers);
      handler.onResponseStart?.(controller, answer.statusCode, headers, answer.statusText);
      return isReady();
    },
    data(chunk) {
      handler.onResponseData?.(controller, chunk);
      return isReady();
    },
    end() {
      controller.rawTrailers = [];
      handler.onResponseEnd?.(controller, {});
    },
    error: (error) => handler.onResponseError?.(controller, error),
  };
}

/** What a handler of the new form is given to steer its request with. */
class Controller {
  rawHeaders: Buffer[] | null = null;
  rawTrailers: Buffer[] | null = null;
  paused = false;
  aborted = false;
  reason: unknown = null;
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.#exchange.resume();
  }

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.#exchange.abort(reason);
  }
}
