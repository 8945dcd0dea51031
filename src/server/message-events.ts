import type { EventEmitter } from 'node:events';
import * as http from 'node:http';
import { activeContext, applyInContext } from '../context/storage.js';
import { patch } from '../core/patch.js';
import { type Follower, followerOf } from './follower.js';

type Emit = (this: EventEmitter, ...args: unknown[]) => boolean;

/** Prototypes whose `emit` is ours. */
const watched = new WeakSet<object>();

/**
 * Observes the events of every request and response by patching their classes. A property on the application's own objects would show
 * in a spread, a list of keys and `hasOwnProperty`. Called once, before the first request.
 */
export function watchMessages(): void {
  watchClass(http.IncomingMessage.prototype, requestEmit);
  watchClass(http.ServerResponse.prototype, responseEmit);
}

/** The same for the classes of HTTP/2's compatibility API, which are known by their first objects. */
export function watchHttp2Messages(req: EventEmitter, res: EventEmitter): void {
  watchClass(classOf(req), requestEmit);
  watchClass(classOf(res), responseEmit);
}

/** That of Node's own class, for a message that may be of a class of the user's. */
function classOf(message: object): EventEmitter {
  let prototype = Object.getPrototypeOf(message);
  while (!/^Http2Server/.test(prototype.constructor?.name)) {
    const parent = Object.getPrototypeOf(prototype);
    if (parent === null) return Object.getPrototypeOf(message);
    prototype = parent;
  }
  return prototype;
}

function watchClass(prototype: object, create: (original: () => Emit) => Emit): void {
  if (watched.has(prototype)) return;
  watched.add(prototype);
  patch(prototype, 'emit', create);
}

/**
 * Events of the body and of the close come from the parser and the socket, outside of the context that the handler had: their
 * listeners are called in it. Whether there are any is not asked: in express on Node 20 that takes 0.5 µs, and to enter the context 0.1.
 */
function requestEmit(original: () => Emit): Emit {
  return function emit(this: EventEmitter, ...args) {
    const follower = followerOf(this);
    if (follower === undefined || follower === null) return original().apply(this, args);
    const { context } = follower;
    return context === undefined || context === activeContext() || isLeftover(follower, args[0])
      ? original().apply(this, args)
      : applyInContext(context, original() as never, this, args);
  };
}

/** Ends the follower before the application's listeners run. A listener would cost more, and an application can remove it. */
function responseEmit(original: () => Emit): Emit {
  return function emit(this: EventEmitter, ...args) {
    const follower = followerOf(this);
    if (follower === undefined || follower === null) return original().apply(this, args);
    if (args[0] === 'finish') follower.finished();
    else if (args[0] === 'close') follower.closed();
    const { context } = follower;
    return context === undefined || context === activeContext()
      ? original().apply(this, args)
      : applyInContext(context, original() as never, this, args);
  };
}

/** The 'end' of an empty request that is unread when its response closes: Node then discards the request, with a listener of its own. */
function isLeftover({ isEnded, hasBody }: Follower, event: unknown): boolean {
  return isEnded && event === 'end' && !hasBody;
}
