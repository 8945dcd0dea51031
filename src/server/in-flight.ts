import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { closeAfter } from './connection-close.js';

/** A response that may be one of HTTP/2. */
interface Http2Response {
  readonly stream?: { readonly session?: { destroy(): void } | undefined };
}

/** A request under way, with its neighbours among those that are: a Set would hash each one twice and shrink all the time. */
export interface Underway {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  previous: Underway | undefined;
  next: Underway | undefined;
}

/** What a service has under way: requests until their responses close, and connections that have left HTTP by an upgrade. */
export class InFlight {
  #first: Underway | undefined;
  #requests = 0;
  readonly #upgraded = new Set<Duplex>();
  #isClosing = false;
  onChange: (() => void) | undefined;

  get count(): number {
    return this.#requests + this.#upgraded.size;
  }

  /** The caller removes the request later, once. */
  add(request: Underway): void {
    if (this.#isClosing) closeAfter(request.res);
    const first = this.#first;
    request.next = first;
    if (first !== undefined) first.previous = request;
    this.#first = request;
    this.#requests += 1;
  }

  remove(request: Underway): void {
    const { previous, next } = request;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next !== undefined) next.previous = previous;
    request.previous = undefined;
    request.next = undefined;
    this.#requests -= 1;
    this.onChange?.();
  }

  upgraded(socket: Duplex): void {
    this.#upgraded.add(socket);
    socket.once('close', () => {
      if (this.#upgraded.delete(socket)) this.onChange?.();
    });
  }

  /** From now on each HTTP/1 response that is not sent yet asks its client to close the connection. */
  askToClose(): void {
    this.#isClosing = true;
    for (const { res } of this.#all()) closeAfter(res);
  }

  /** Ends every connection that carries something. */
  destroy(): void {
    for (const { req, res } of this.#all()) {
      const { stream } = res as Http2Response;
      if (stream === undefined) req.socket?.destroy();
      else stream.session?.destroy();
    }
    for (const socket of this.#upgraded) socket.destroy();
  }

  #all(): Underway[] {
    const all: Underway[] = [];
    for (let request = this.#first; request !== undefined; request = request.next) all.push(request);
    return all;
  }
}
