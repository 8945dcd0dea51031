import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as http from 'node:http';
import * as https from 'node:https';
import * as net from 'node:net';
import { recordOf } from './request-record.js';

/** Takes the requests of the servers it is bound to. */
export interface RequestHandler {
  /** Must call `proceed` as a method of `self` with `args`, once, unless it answers the request itself. */
  run(req: IncomingMessage, res: ServerResponse, proceed: Emit, self: unknown, args: unknown[]): unknown;
}

type Emit = (this: unknown, ...args: unknown[]) => unknown;

const requestEvents: ReadonlySet<unknown> = new Set(['request', 'checkContinue', 'checkExpectation']);

/**
 * Which handler owns which server. A server is known by itself, by the application that listens on it, or by the first request
 * that reaches the application through a listener of the user's own.
 */
export class ServerBindings {
  readonly #byServer = new WeakMap<object, RequestHandler>();
  readonly #byApp = new WeakMap<object, RequestHandler>();
  /** Servers looked at and found to be nobody's, until the bindings change. */
  #foreign = new WeakSet<object>();
  #everyServer: RequestHandler | undefined;
  #adopter: RequestHandler | undefined;
  #isInstalled = false;

  bindServer(server: object, handler: RequestHandler): void {
    this.#byServer.set(server, handler);
    this.#install();
  }

  /** `app` is what stands in the server's listeners for 'request'. */
  bindApp(app: object, handler: RequestHandler): void {
    this.#byApp.set(app, handler);
    this.#foreign = new WeakSet();
    this.#install();
  }

  /** Takes every server that is nobody else's. */
  bindEveryServer(handler: RequestHandler): void {
    this.#everyServer = handler;
    this.#foreign = new WeakSet();
    this.#install();
  }

  /** Binds the server that a request came in through. */
  claim(req: IncomingMessage, handler: RequestHandler): void {
    const { server } = (req.socket ?? {}) as { server?: object };
    if (server !== undefined) this.bindServer(server, handler);
    if (this.#adopter === handler) this.#adopter = undefined;
  }

  /** Gives the handler the next server that is nobody's and has one asynchronous listener, as Hono's adapter makes it. */
  adoptNext(handler: RequestHandler): void {
    this.#adopter = handler;
    this.#foreign = new WeakSet();
    this.#install();
  }

  /** Forgets a handler of servers that it was not bound to by name. */
  release(handler: RequestHandler): void {
    if (this.#everyServer === handler) this.#everyServer = undefined;
    if (this.#adopter === handler) this.#adopter = undefined;
  }

  unbind(target: object): void {
    this.#byServer.delete(target);
    this.#byApp.delete(target);
  }

  handlerOf(server: EventEmitter): RequestHandler | undefined {
    const known = this.#byServer.get(server);
    if (known !== undefined) return known;
    if (this.#foreign.has(server)) return undefined;
    const listeners = server.listeners('request');
    for (const listener of listeners) {
      const handler = this.#byApp.get(listener);
      if (handler !== undefined) {
        this.#byServer.set(server, handler);
        return handler;
      }
    }
    if (this.#adopter !== undefined && listeners.length === 1 && isAsync(listeners[0])) {
      const adopter = this.#adopter;
      this.#adopter = undefined;
      this.#byServer.set(server, adopter);
      return adopter;
    }
    if (this.#everyServer === undefined) this.#foreign.add(server);
    return this.#everyServer;
  }

  #install(): void {
    if (this.#isInstalled) return;
    this.#isInstalled = true;
    const bindings = this;
    // http2's server classes are not exported; they inherit from net.Server. The others come first, so that each keeps what it had.
    for (const prototype of [http.Server.prototype, https.Server.prototype, net.Server.prototype]) {
      const original = prototype.emit as Emit;
      const emit = function (this: EventEmitter, ...args: unknown[]) {
        if (!requestEvents.has(args[0])) return original.apply(this, args);
        return bindings.#onRequest(this, original, args);
      };
      Object.defineProperty(prototype, 'emit', {
        value: emit,
        writable: true,
        configurable: true,
        enumerable: false,
      });
    }
  }

  #onRequest(server: EventEmitter, original: Emit, args: unknown[]): unknown {
    const req = args[1] as IncomingMessage | undefined;
    const res = args[2] as ServerResponse | undefined;
    if (!(req instanceof EventEmitter) || !(res instanceof EventEmitter) || recordOf(req) !== undefined) {
      return original.apply(server, args);
    }
    const handler = this.handlerOf(server);
    if (handler === undefined) return original.apply(server, args);
    return handler.run(req, res, original, server, args);
  }
}

function isAsync(listener: unknown): boolean {
  return Object.prototype.toString.call(listener) === '[object AsyncFunction]';
}
