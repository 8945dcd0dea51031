import type { ClientRequest } from 'node:http';
import { Socket } from 'node:net';
import type { OpenAnswer } from '../open-answer.js';

/** A socket as `http` uses it: with the request that it carries. */
interface AnswerSocketState {
  _httpMessage?: (ClientRequest & { shouldKeepAlive: boolean }) | null;
}

// No chunk is ever too much: Node emits no 'drain' on a request that has its response.
const unlimited = Number.MAX_SAFE_INTEGER;

/**
 * Stands in for the connection of a request of `http` that is to get an {@link OpenAnswer}: Node reads the response from it as from
 * any other, so that events, listeners, time-outs and aborts are those of a real exchange. What the request sends is let go of.
 */
export class AnswerSocket extends Socket {
  readonly #answer: OpenAnswer;
  #isAnswering = false;

  constructor(answer: OpenAnswer) {
    super({ writableHighWaterMark: unlimited } as object);
    this.#answer = answer;
    // What an agent would keep for the next request.
    this.on('free', () => this.destroy());
  }

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, callback: () => void): void {
    this.#begin();
    callback();
  }

  override _writev(_chunks: unknown, callback: () => void): void {
    this.#begin();
    callback();
  }

  // Closes the socket after the response has ended, as a network does.
  override _final(callback: () => void): void {
    setImmediate(callback);
  }

  /** Answers as soon as the head of the request has come, and as late as a network would: not within a call of the caller's. */
  #begin(): void {
    if (this.#isAnswering) return;
    this.#isAnswering = true;
    setImmediate(() => this.#reply());
  }

  #reply(): void {
    const req = (this as AnswerSocketState)._httpMessage;
    if (this.destroyed || !req) return;
    // Else Node ends the socket with the response, and an upload that is not over yet gets stuck.
    if (!req.writableEnded) req.shouldKeepAlive = true;
    const { head, body } = this.#answer;
    const bytes = Buffer.from(head, 'latin1');
    this.push(req.method === 'HEAD' ? bytes : Buffer.concat([bytes, body]));
  }
}

const unknownPeer = { encrypted: true, authorized: true, authorizationError: null, alpnProtocol: false };

export function createAnswerSocket(answer: OpenAnswer, isSecure: boolean): AnswerSocket {
  return isSecure ? new SecureAnswerSocket(answer) : new AnswerSocket(answer);
}

/** As {@link AnswerSocket}, for a request of `https`: its TLS methods answer as those of a closed connection. */
class SecureAnswerSocket extends AnswerSocket {
  constructor(answer: OpenAnswer) {
    super(answer);
    Object.assign(this, unknownPeer);
  }

  getPeerCertificate(): object {
    return {};
  }

  getCipher(): object {
    return {};
  }

  getProtocol(): null {
    return null;
  }

  getSession(): undefined {
    return undefined;
  }

  isSessionReused(): boolean {
    return false;
  }
}
