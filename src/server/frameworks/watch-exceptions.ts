import { frameworkOf, innermost } from './known.js';

const watched = new WeakSet<object>();

/** Watches for the exceptions that an application's handlers throw. Called for applications of a service that exports log records. */
export function watchExceptions(given: unknown): void {
  const app = innermost(given);
  if ((typeof app !== 'object' && typeof app !== 'function') || app === null || watched.has(app)) return;
  watched.add(app);
  frameworkOf(app)?.watchErrors(app);
}

/** The logger that an application brings along, as fastify does, also where Nest stands on it. */
export function loggerOf(given: unknown): unknown {
  const app = innermost(given);
  return frameworkOf(app)?.loggerOf(app as object);
}
