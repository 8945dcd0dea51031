import type { EventEmitter } from 'node:events';
import type * as net from 'node:net';
import type { Duplex } from 'node:stream';
import type { Faults } from '../core/faults.js';
import { closerOf } from './app-closers.js';
import type { InFlight } from './in-flight.js';
import { closeOnBehalf } from './own-close.js';

/** Those of HTTP/1 have the last two. */
type Server = net.Server & { closeIdleConnections?(): void; closeAllConnections?(): void };

/** Of HTTP/2. */
interface Session extends EventEmitter {
  close(): void;
  destroy(): void;
}

export interface TrafficParts {
  readonly servers: () => Iterable<object>;
  /** Whether an application of the service may be served by a server that is not among them. */
  readonly hasUnseenServer: () => boolean;
  readonly inFlight: InFlight;
  readonly faults: Pick<Faults, 'caught'>;
}

/** The servers and connections of one service, as its shutdown handles them. */
export class Traffic {
  readonly #parts: TrafficParts;
  readonly #sessions = new Set<Session>();
  /** Servers that are closing and have not closed yet. */
  readonly #closing = new Set<Server>();
  #held: Promise<void> | undefined;
  onChange: (() => void) | undefined;

  constructor(parts: TrafficParts) {
    this.#parts = parts;
    parts.inFlight.onChange = () => this.onChange?.();
  }

  /** A connection has left HTTP (`upgrade` and `connect`, with request, socket and head), or a session of HTTP/2 has begun. */
  connected(event: 'upgrade' | 'connect' | 'session', args: readonly unknown[]): void {
    if (event === 'session') {
      const session = args[0] as Session;
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
    } else if (isDuplex(args[1])) this.#parts.inFlight.upgraded(args[1]);
  }

  get isListening(): boolean {
    return [...this.#servers()].some((server) => server.listening);
  }

  get mayListen(): boolean {
    const [first] = this.#servers();
    return first === undefined ? this.#parts.hasUnseenServer() : this.isListening;
  }

  get isClosed(): boolean {
    return this.#closing.size === 0;
  }

  get inFlight(): number {
    return this.#parts.inFlight.count;
  }

  askToClose(): void {
    this.#parts.inFlight.askToClose();
  }

  holdClose(sent: Promise<void>): void {
    this.#held = sent;
    const release = () => {
      this.#held = undefined;
    };
    void sent.then(release, release);
  }

  /** What the 'close' event of a server waits for. */
  get heldUntil(): Promise<void> | undefined {
    return this.#held;
  }

  async stop(): Promise<void> {
    const applications: Promise<void>[] = [];
    for (const server of this.#servers()) {
      if (!server.listening) continue;
      this.#closing.add(server);
      server.once('close', () => {
        this.#closing.delete(server);
        this.onChange?.();
      });
      this.#try(() => server.emit('draining'));
      const close = closerOf(server);
      if (close === undefined) this.#try(() => closeOnBehalf(server, () => server.close()));
      else applications.push(this.#closeApplication(() => closeOnBehalf(server, close)));
    }
    for (const session of this.#sessions) this.#try(() => session.close());
    this.closeIdle();
    await Promise.all(applications);
  }

  closeIdle(): void {
    for (const server of this.#servers()) this.#try(() => server.closeIdleConnections?.());
  }

  destroy(): number {
    const cut = this.inFlight;
    this.#try(() => this.#parts.inFlight.destroy());
    for (const server of this.#servers()) this.#try(() => server.closeAllConnections?.());
    for (const session of this.#sessions) this.#try(() => session.destroy());
    return cut;
  }

  #servers(): Iterable<Server> {
    return this.#parts.servers() as Iterable<Server>;
  }

  async #closeApplication(close: () => unknown): Promise<void> {
    try {
      await close();
    } catch (error) {
      this.#parts.faults.caught('shutdown.close', error);
    }
  }

  #try(action: () => unknown): void {
    try {
      action();
    } catch (error) {
      this.#parts.faults.caught('shutdown', error);
    }
  }
}

function isDuplex(value: unknown): value is Duplex {
  const { write, destroy } = (value ?? {}) as Partial<Duplex>;
  return typeof write === 'function' && typeof destroy === 'function';
}
