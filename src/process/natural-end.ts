import { takeOver } from '../core/take-over.js';

/** Sends what waits; resolves when that has ended, which is soon. Never rejects. */
type Send = () => Promise<unknown>;

type Emit = (this: unknown, ...args: unknown[]) => boolean;

/** What of the process is used. */
export interface EmittingHost {
  emit: unknown;
}

/**
 * Sends what waits when the process has nothing left to do, as a worker whose job is done. 'beforeExit' is held back until then and
 * emitted as often as without us: what we do keeps the process alive, and Node emits it again when that is done.
 */
export class NaturalEnd {
  readonly #host: EmittingHost;
  readonly #sends = new Set<Send>();
  #emit: Emit | undefined;
  /** What stood there before: most often nothing, as emit() is inherited. */
  #before: PropertyDescriptor | undefined;
  #isSent = false;
  #leave: () => void = () => {};

  constructor(host: EmittingHost) {
    this.#host = host;
  }

  /** The function returned takes it out again. */
  add(send: Send): () => void {
    this.#sends.add(send);
    this.#install();
    return () => {
      this.#sends.delete(send);
      if (this.#sends.size === 0) this.#leave();
    };
  }

  #install(): void {
    if (this.#emit !== undefined) return;
    this.#leave = takeOver(this.#host, 'natural-end', () => {
      this.#wrap();
      return () => this.#unwrap();
    });
  }

  #wrap(): void {
    const end = this;
    const original = this.#host.emit as Emit;
    const emit: Emit = function (...args) {
      if (args[0] === 'beforeExit' && end.#holdsBack()) return true;
      return original.apply(this, args);
    };
    this.#emit = emit;
    this.#before = Object.getOwnPropertyDescriptor(this.#host, 'emit');
    Object.defineProperty(this.#host, 'emit', {
      value: emit,
      writable: true,
      configurable: true,
      enumerable: false,
    });
  }

  /** What others have put over ours stays. */
  #unwrap(): void {
    if (this.#host.emit !== this.#emit) return;
    this.#emit = undefined;
    if (this.#before === undefined) Reflect.deleteProperty(this.#host, 'emit');
    else Object.defineProperty(this.#host, 'emit', this.#before);
  }

  #holdsBack(): boolean {
    if (this.#isSent || this.#sends.size === 0) {
      this.#isSent = false;
      return false;
    }
    this.#isSent = true;
    // An immediate keeps the process alive for one more turn, after which Node emits it again.
    void Promise.all([...this.#sends].map((send) => send())).then(() => setImmediate(() => {}));
    return true;
  }
}
