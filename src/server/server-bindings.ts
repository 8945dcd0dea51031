import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as http from 'node:http';
import * as https from 'node:https';
import * as net from 'node:net';
import { patch } from '../core/patch.js';
import { isExpressApp } from './frameworks/express/layer.js';
import { watchExpressRoutes } from './frameworks/express/routes.js';
import { watchEveryFastify } from './frameworks/fastify/routes.js';
import { watchMessages } from './message-events.js';
import { attachRecord, recordOf } from './request-record.js';
import { ServerList } from './server-list.js';

/** Takes the requests of the servers it is bound to. */
export interface RequestHandler {
  /** Must call `proceed` as a method of `self` with `args`, once, unless it answers the request itself. */
  run(req: IncomingMessage, res: ServerResponse, proceed: Emit, self: unknown, args: unknown[]): unknown;
  /** A server of its own accepts connections. */
  listening?(): void;
  /** A connection of its own has left HTTP, or a session of HTTP/2 has begun on one. */
  connected?(event: 'upgrade' | 'connect' | 'session', args: readonly unknown[]): void;
  /** What the 'close' event of a server of its own waits for. */
  closing?(): Promise<void> | undefined;
  /** Takes a fault of this library's own. Must not throw. */
  caught?(place: string, error: unknown): void;
}

/** What {@link RequestHandler.run} returns when it has answered the request itself. */
export const ANSWERED = Symbol('golden-signals.answered');

type Emit = (this: unknown, ...args: unknown[]) => unknown;

const otherRequestEvents: ReadonlySet<unknown> = new Set(['checkContinue', 'checkExpectation']);
const connectionEvents: ReadonlySet<unknown> = new Set(['upgrade', 'connect', 'session']);

/** What a server or application belongs to; undefined again once its handler is released. */
interface Binding {
  handler: RequestHandler | undefined;
}

/**
 * Which handler owns which server. A server is known by itself, by the application that listens on it, or by the first request
 * that reaches the application through a listener of the user's own.
 */
export class ServerBindings {
  readonly #bindings = new Map<RequestHandler, Binding>();
  readonly #byServer = new WeakMap<object, Binding>();
  readonly #byApp = new WeakMap<object, Binding>();
  /** What has been found out about servers, until the bindings change. */
  #known = new WeakMap<object, Binding>();
  readonly #servers = new ServerList();
  #everyServer: Binding | undefined;
  #isInstalled = false;
  #version = 0;

  /** Changes with every server that begins to listen or is bound. */
  get version(): number {
    return this.#version;
  }

  bindServer(server: object, handler: RequestHandler): void {
    this.#byServer.set(server, this.#bindingOf(handler));
    this.#servers.add(server);
    this.#changed();
    if ((server as Partial<net.Server>).listening === true) handler.listening?.();
  }

  /** `app` is what stands in the server's listeners for 'request', or what {@link handlerOfApp} is asked for. */
  bindApp(app: object, handler: RequestHandler): void {
    this.#byApp.set(app, this.#bindingOf(handler));
    this.#changed();
  }

  /** Binds every server that is not bound otherwise. */
  bindEveryServer(handler: RequestHandler): void {
    this.#everyServer = this.#bindingOf(handler);
    this.#changed();
    watchEveryFastify();
  }

  /**
   * Binds the server that a request came in through, unless another framework had the request first: an application mounted in one
   * is not all that the server serves.
   */
  claim(req: IncomingMessage, handler: RequestHandler): void {
    const { server } = (req.socket ?? {}) as { server?: object };
    // Null for a connection that no server has accepted.
    if (!server || (req as { originalUrl?: string }).originalUrl !== undefined) return;
    this.bindServer(server, handler);
  }

  /** Unbinds the servers and applications of a handler; they may be bound anew. */
  release(handler: RequestHandler): void {
    const binding = this.#bindings.get(handler);
    if (binding === undefined) return;
    binding.handler = undefined;
    this.#bindings.delete(handler);
    if (this.#everyServer === binding) this.#everyServer = undefined;
    this.#changed();
  }

  /** The servers of a handler that are bound by name, were seen to listen, or have had a request. */
  *servers(handler: RequestHandler): Generator<EventEmitter> {
    for (const server of this.#servers) if (this.handlerOf(server) === handler) yield server;
  }

  /** The servers of all handlers. */
  *bound(): Generator<EventEmitter> {
    for (const server of this.#servers) if (this.handlerOf(server) !== undefined) yield server;
  }

  handlerOfApp(app: object): RequestHandler | undefined {
    return this.#byApp.get(app)?.handler;
  }

  handlerOf(server: EventEmitter): RequestHandler | undefined {
    const known = this.#known.get(server) ?? this.#find(server);
    return known.handler;
  }

  #find(server: EventEmitter): Binding {
    const listeners = server.listeners('request');
    let found = this.#byServer.get(server);
    for (const listener of listeners) {
      if (found?.handler !== undefined) break;
      found = this.#byApp.get(listener);
    }
    if (found?.handler === undefined) found = this.#everyServer ?? unbound;
    if (found.handler !== undefined) {
      this.#servers.add(server);
      this.#version += 1;
      for (const listener of listeners) {
        if (isExpressApp(listener)) watchExpressRoutes(listener);
      }
    }
    this.#known.set(server, found);
    return found;
  }

  #bindingOf(handler: RequestHandler): Binding {
    let binding = this.#bindings.get(handler);
    if (binding === undefined) {
      binding = { handler };
      this.#bindings.set(handler, binding);
    }
    return binding;
  }

  #changed(): void {
    this.#version += 1;
    this.#known = new WeakMap();
    this.#install();
  }

  #install(): void {
    if (this.#isInstalled) return;
    this.#isInstalled = true;
    watchMessages();
    const bindings = this;
    // http2's server classes are not exported; they inherit from net.Server. The others come first, so that each keeps what it had.
    for (const prototype of [http.Server.prototype, https.Server.prototype, net.Server.prototype]) {
      // Not looked up each time: a request of https would be met twice on its way to what net.Server inherits.
      const inherited = prototype.emit as Emit;
      patch(prototype, 'emit', (original) => {
        const beneath = Object.hasOwn(prototype, 'emit') ? original() : inherited;
        return function emit(this: EventEmitter, ...args) {
          const [event] = args;
          if (event === 'request' || otherRequestEvents.has(event))
            return bindings.#onRequest(this, beneath, args);
          if (event === 'close') return bindings.#onClose(this, beneath, args);
          if (event === 'listening' || connectionEvents.has(event)) bindings.#onServerEvent(this, args);
          return beneath.apply(this, args);
        };
      });
    }
  }

  #onServerEvent(server: EventEmitter, args: unknown[]): void {
    try {
      if (args[0] === 'listening') this.noteListening(server);
      else this.#onConnection(server, args);
    } catch (error) {
      this.#caught(error);
    }
  }

  /** Reports to any service, as the server may be unbound. */
  #caught(error: unknown): void {
    const [handler] = this.#bindings.keys();
    handler?.caught?.('server.events', error);
  }

  /** A server begins to listen. Not by way of #known: it may do so before it has its listeners. */
  noteListening(server: EventEmitter): void {
    this.#version += 1;
    this.#servers.add(server);
    const listeners = server.listeners('request');
    const app = listeners.find((listener) => this.#byApp.has(listener));
    const bound =
      this.#byServer.get(server) ?? (app === undefined ? this.#everyServer : this.#byApp.get(app));
    if (bound !== undefined) bound.handler?.listening?.();
    // Of some applications, Hono for one, a server says nothing until a request comes: it may be the one.
    else if (listeners.length > 0) for (const handler of this.#bindings.keys()) handler.listening?.();
  }

  #onConnection(server: EventEmitter, [event, ...args]: unknown[]): void {
    const [first] = args;
    // Some frameworks send what has left HTTP through the application all the same, with a response that they have made up.
    if (event !== 'session' && typeof first === 'object' && first !== null && recordOf(first) === undefined)
      attachRecord(first, null);
    this.handlerOf(server)?.connected?.(event as 'session', args);
  }

  #onClose(server: EventEmitter, original: Emit, args: unknown[]): unknown {
    const held = this.#tryToFind(server)?.closing?.();
    if (held === undefined) return original.apply(server, args);
    void held.then(() => process.nextTick(() => original.apply(server, args)));
    return true;
  }

  #onRequest(server: EventEmitter, original: Emit, args: unknown[]): unknown {
    const req = args[1] as IncomingMessage | undefined;
    const res = args[2] as ServerResponse | undefined;
    if (!isEmitter(req) || !isEmitter(res) || recordOf(req) !== undefined) {
      return original.apply(server, args);
    }
    const handler = this.#tryToFind(server);
    if (handler === undefined) return original.apply(server, args);
    return handler.run(req, res, original, server, args);
  }

  #tryToFind(server: EventEmitter): RequestHandler | undefined {
    try {
      return this.handlerOf(server);
    } catch (error) {
      this.#caught(error);
      return undefined;
    }
  }
}

const unbound: Binding = Object.freeze({ handler: undefined });

function isEmitter<T extends EventEmitter>(value: T | undefined): value is T {
  return typeof value?.on === 'function';
}
