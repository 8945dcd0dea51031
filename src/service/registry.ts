import type { IncomingMessage, ServerResponse } from 'node:http';
import { runOutside } from '../context/outside.js';
import {
  bindEveryServer,
  bindToService,
  createService,
  enterService,
  runWithoutServer,
  type Seen,
  type Service,
} from './create.js';
import { isPlain, optionDifferences } from './option-differences.js';
import { OPTION_NAMES, type Options } from './options.js';
import type { BoundedSignals, Signals } from './signals.js';

/** What every installed copy of the package finds in the process: the first one loaded serves them all. */
export interface Registry {
  instrument(app: unknown, options: Options | undefined): BoundedSignals;
  instrumentEveryServer(seen?: Seen): Signals;
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
  /** The service of this process that all callers share, unless they ask for one of their own. */
  let primary: Service | undefined;

  function open(options: Options | undefined): Service {
    if (primary !== undefined && options === undefined) return primary;
    const onClosed = () => {
      if (primary === service) primary = undefined;
      closed.add(service);
    };
    const service: Service = runOutside(() => createService(options ?? {}, onClosed));
    primary ??= service;
    return service;
  }
  const closed = new WeakSet<Service>();

  return {
    instrument(given, givenOptions) {
      const isOnlyOptions = givenOptions === undefined && areOptions(given);
      const app = isOnlyOptions ? undefined : given;
      const options = isOnlyOptions ? given : givenOptions;
      if (app === undefined) {
        const service = open(options);
        runWithoutServer(service);
        return service.signals;
      }
      const isKey = (typeof app === 'object' && app !== null) || typeof app === 'function';
      const known = isKey ? byApp.get(app) : undefined;
      if (known !== undefined && !closed.has(known)) {
        if (options !== undefined) warnOfDifferences(known, options);
        return known.signals;
      }
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
    instrumentEveryServer(seen = { servers: [], fastify: [] }) {
      const service = open(undefined);
      bindEveryServer(service, seen);
      return service.signals;
    },
  };
}

/** Options without an application, `instrument({ service: 'worker' })`: an object with nothing of one that has a name of theirs. */
function areOptions(given: unknown): given is Options {
  return (
    isPlain(given) && Object.keys(given).some((key) => OPTION_NAMES.includes(key)) && !('listen' in given)
  );
}

function warnOfDifferences({ options, warnOnce }: Service, given: Options): void {
  const differences = optionDifferences(options, given);
  if (differences.length === 0) return;
  const message =
    `instrument() was called again for the same application with other options: ${differences.join(', ')}; ` +
    'those of the first call stay in force, so give all of them there';
  warnOnce(message, message);
}

/** The registry of the process, made by the first copy of the package that asks. */
export function sharedRegistry(): Registry {
  const shared = globalThis as { [registryKey]?: Registry };
  if (shared[registryKey] === undefined) {
    Object.defineProperty(shared, registryKey, { value: createRegistry(), configurable: true });
  }
  return shared[registryKey] as Registry;
}
