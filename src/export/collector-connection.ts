import type { Socket } from 'node:net';
import { type ResponseHead, ResponseReader } from './response-reader.js';

/** What a collector said. */
export interface CollectorAnswer extends ResponseHead {
  /** Undefined where it broke off, or is longer than any collector's: the status has said what counts. */
  readonly body: Buffer | undefined;
}

export type Answered = (outcome: CollectorAnswer | NodeJS.ErrnoException) => void;

const maxAnswerBytes = 65_536;

/** A connection to a collector, for one exchange after the other. It never keeps the process alive. */
export class CollectorConnection {
  readonly #socket: Socket;
  readonly #onIdle: (connection: CollectorConnection) => void;
  #reader = new ResponseReader();
  #answered: Answered | undefined;
  #error: Error | undefined;
  #exchanges = 0;

  constructor(socket: Socket, onIdle: (connection: CollectorConnection) => void) {
    this.#socket = socket;
    this.#onIdle = onIdle;
    socket.unref();
    // Trying the next address of a host name makes a new handle of it.
    socket.once('connect', () => socket.unref());
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.on('end', () => {
      this.#reader.close();
      if (this.#reader.isComplete) this.#answer();
      else socket.destroy();
    });
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => this.#answer());
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  /** True where the exchange under way is not its first: the collector may have closed it before it began. */
  get isReused(): boolean {
    return this.#exchanges > 1;
  }

  /** Sends a request; `answered` is called once, later. */
  send(head: string, body: Uint8Array, answered: Answered): void {
    this.#exchanges += 1;
    this.#reader = new ResponseReader();
    this.#answered = answered;
    // In one packet, where both fit.
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    this.#socket.write(body);
    this.#socket.uncork();
  }

  destroy(error?: Error): void {
    this.#socket.destroy(error);
  }

  #read(bytes: Buffer): void {
    // A collector that speaks without being asked is out of step.
    if (this.#answered === undefined) this.destroy();
    else
      try {
        this.#reader.push(bytes);
        if (this.#reader.isComplete || this.#reader.bodyBytes > maxAnswerBytes) this.#answer();
      } catch (error) {
        this.destroy(error as Error);
      }
  }

  /** Ends the exchange under way with what has been read. */
  #answer(): void {
    const answered = this.#answered;
    const reader = this.#reader;
    const { head } = reader;
    const isWhole = reader.isComplete && reader.bodyBytes <= maxAnswerBytes;
    this.#answered = undefined;
    // What was answered before it had arrived would be followed by the rest.
    const isKept = reader.isConnectionKept && this.isOpen && this.#socket.writableLength === 0;
    if (!isKept) this.destroy();
    if (answered === undefined) return;
    if (isKept) this.#onIdle(this);
    if (head === undefined) answered(this.#error ?? hangUp());
    else answered({ ...head, body: isWhole ? reader.body : undefined });
  }
}

function hangUp(): Error {
  return Object.assign(new Error('the collector hung up'), { code: 'ECONNRESET' });
}
