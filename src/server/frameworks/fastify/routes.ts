import { takeChannel } from '../../../core/take-over.js';
import { closesItself } from '../../app-closers.js';
import { type RequestRecord, type RouteReader, recordOf } from '../../request-record.js';

/** What is read of a fastify instance. */
export interface FastifyApp {
  readonly server: object;
  addHook(name: string, hook: (...args: never[]) => unknown): unknown;
}

interface FastifyRequest {
  readonly routeOptions?: { readonly url?: string };
  /** fastify before 4.10. */
  readonly routerPath?: string;
  readonly is404?: boolean;
}

const reader: RouteReader = {
  routeOf(record: RequestRecord) {
    const request = record.matched as FastifyRequest;
    if (request.is404 === true) return undefined;
    const url = request.routeOptions === undefined ? request.routerPath : request.routeOptions.url;
    return url === undefined || url === '' ? undefined : url;
  },
};

/**
 * Learns the fastify Request of each HTTP request, which knows its route with every prefix, also when a hook or the validation ends it
 * early, and also when the instance is already listening and refuses hooks. Once it starts, fastify makes its requests from the one
 * Request class of the module wherever nothing was decorated, so the accessor stands on that class' prototype; a request of another
 * instance has no record, and is left as it is.
 */
export function watchFastifyRoutes(app: FastifyApp): void {
  closesItself(app);
  const prototype = requestPrototypeOf(app);
  if (prototype === undefined) {
    watchByHook(app);
    return;
  }
  if (Object.hasOwn(prototype, 'raw')) return;
  Object.defineProperty(prototype, 'raw', {
    configurable: true,
    enumerable: false,
    get: () => undefined,
    set(this: FastifyRequest, raw: object) {
      // The property that it would have without us; an assignment would come back to this accessor.
      Object.defineProperty(this, 'raw', {
        value: raw,
        writable: true,
        enumerable: true,
        configurable: true,
      });
      note(raw, this);
    },
  });
}

let isEveryWatched = false;

/** The same for every instance that is made from now on: fastify says so on a channel. */
export function watchEveryFastify(): void {
  if (isEveryWatched) return;
  isEveryWatched = true;
  takeChannel('fastify.initialization', 'routes', (message) => {
    try {
      watchFastifyRoutes((message as { fastify: FastifyApp }).fastify);
    } catch {
      // A throw here would come out of the application's call of fastify().
    }
  });
}

/** For a fastify that keeps its Request class elsewhere: its public way, which needs an instance that has not started. */
function watchByHook(app: FastifyApp): void {
  try {
    app.addHook(
      'onRequest',
      (request: FastifyRequest & { raw: object }, _reply: unknown, done: () => void) => {
        note(request.raw, request);
        done();
      },
    );
  } catch {
    // Started: its requests are measured without their routes.
  }
}

function note(raw: object, request: FastifyRequest): void {
  const record = recordOf(raw);
  if (record === undefined || record === null) return;
  record.matched = request;
  record.reader = reader;
}

/** The prototype that the Requests of every instance of this fastify inherit from. */
function requestPrototypeOf(app: object): object | undefined {
  for (let instance: object | null = app; instance !== null; instance = Object.getPrototypeOf(instance)) {
    for (const symbol of Object.getOwnPropertySymbols(instance)) {
      if (symbol.description !== 'fastify.Request') continue;
      const RequestClass = (instance as Record<symbol, unknown>)[symbol];
      if (typeof RequestClass === 'function') return outermost(RequestClass.prototype);
    }
  }
  return undefined;
}

/** The last prototype before that of all objects, which may be another realm's. */
function outermost(prototype: object): object {
  const parent: object | null = Object.getPrototypeOf(prototype);
  return parent === null || Object.getPrototypeOf(parent) === null ? prototype : outermost(parent);
}
