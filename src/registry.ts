import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  bindEveryServer,
  bindToService,
  createService,
  enterService,
  runWithoutServer,
  type Service,
} from './instrument.js';
import type { Options } from './options.js';
import type { Signals } from './signals.js';

/** What every installed copy of the package finds in the process: the first one loaded serves them all. */
export interface Registry {
  instrument(app: unknown, options: Options | undefined): Signals;
  instrumentEveryServer(): Signals;
  /** A service whose application becomes known with its first request. */
  prepare(options: Options | undefined): Pending;
}

interface Pending {
  readonly signals: Signals;
  /** Takes a request that has reached the application's middleware, and binds the application if it is not yet. */
  enter(app: object | undefined, req: IncomingMessage, res: ServerResponse, next: () => void): void;
}

// The number is that of the registry's own shape: a copy that speaks another one keeps to itself.
const registryKey = Symbol.for('golden-signals.registry.1');

function createRegistry(): Registry {
  const byApp = new WeakMap<object, Service>();
  /** The service of this process for whoever does not ask for one of his own. */
  let primary: Service | undefined;

  function open(options: Options | undefined): Service {
    if (primary !== undefined && options === undefined) return primary;
    const service: Service = createService(options ?? {}, () => {
      if (primary === service) primary = undefined;
      closed.add(service);
    });
    primary ??= service;
    return service;
  }
  const closed = new WeakSet<Service>();

  return {
    instrument(app, options) {
      if (app === undefined) {
        const service = open(options);
        runWithoutServer(service);
        return service.signals;
      }
      const isKey = (typeof app === 'object' && app !== null) || typeof app === 'function';
      const known = isKey ? byApp.get(app) : undefined;
      if (known !== undefined && !closed.has(known)) return known.signals;
      const hadPrimary = primary !== undefined;
      const service = open(options);
      try {
        bindToService(app, service);
      } catch (error) {
        // Nothing was instrumented: no service is left behind by the mistake.
        if (!hadPrimary || options !== undefined) void service.signals.shutdown();
        throw error;
      }
      byApp.set(app as object, service);
      return service.signals;
    },
    prepare(options) {
      const service = open(options);
      return {
        signals: service.signals,
        enter(app, req, res, next) {
          if (app !== undefined && !byApp.has(app)) {
            byApp.set(app, service);
            bindToService(app, service);
          }
          enterService(req, res, next, service);
        },
      };
    },
    instrumentEveryServer() {
      const service = open(undefined);
      bindEveryServer(service);
      return service.signals;
    },
  };
}

/** The registry of the process, made by the first copy of the package that asks. */
export function sharedRegistry(): Registry {
  const shared = globalThis as { [registryKey]?: Registry };
  if (shared[registryKey] === undefined) {
    Object.defineProperty(shared, registryKey, { value: createRegistry(), configurable: true });
  }
  return shared[registryKey] as Registry;
}
