import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { closeAfter } from './connection-close.js';

/** A response that may be one of HTTP/2. */
interface Http2Response {
  readonly stream?: { readonly session?: { destroy(): void } | undefined };
}

/** What a service has under way: requests until their responses close, and connections that have left HTTP by an upgrade. */
export class InFlight {
  readonly #responses = new Set<ServerResponse>();
  readonly #upgraded = new Set<Duplex>();
  readonly #endOfResponse: (this: ServerResponse) => void;
  readonly #endOfRequest: (this: IncomingMessage) => void;
  #isClosing = false;
  onChange: (() => void) | undefined;

  constructor() {
    const responses = this.#responses;
    const changed = () => this.onChange?.();
    this.#endOfResponse = function () {
      if (responses.delete(this)) changed();
    };
    this.#endOfRequest = function () {
      if (!this.socket?.destroyed) return;
      for (const response of responses) if (response.req === this && responses.delete(response)) changed();
    };
  }

  get count(): number {
    return this.#responses.size + this.#upgraded.size;
  }

  begin(req: IncomingMessage, res: ServerResponse): void {
    this.#responses.add(res);
    res.on('close', this.#endOfResponse);
    // A pipelined response waits for its turn without a socket; Node 20 never closes it when the connection is lost before.
    if (res.socket === null) req.on('close', this.#endOfRequest);
    if (this.#isClosing) closeAfter(res);
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
    for (const response of this.#responses) closeAfter(response);
  }

  /** Ends every connection that carries something. */
  destroy(): void {
    for (const response of this.#responses) {
      const { stream } = response as Http2Response;
      if (stream === undefined) response.req.socket?.destroy();
      else stream.session?.destroy();
    }
    for (const socket of this.#upgraded) socket.destroy();
  }
}
