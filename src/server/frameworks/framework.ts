import type { Found } from '../probes/landscape.js';
import type { RequestHandler, ServerBindings } from '../server-bindings.js';

/** All that this library knows of one framework: a further one is one more of these, in known.ts. */
export interface Framework<App extends object = object> {
  /** As users call it. */
  readonly name: string;
  /** Never throws: it is asked of anything that a user hands over, and of listeners of servers. */
  is(app: unknown): app is App;
  /** Hands the requests of an application to the handler of its service. */
  bind(app: App, bindings: ServerBindings, handler: RequestHandler): void;
  /** What the application has at a path, as far as it can be looked into. May throw for a shape of another version. */
  find(app: App, path: string): Found;
  /** How many routes and middlewares it has, where some can still be added. May throw as well. */
  sizeOf(app: App): number;
  /** Notes what its handlers throw, before the application answers it in whatever way it does. Called once for each application. */
  watchErrors(app: App): void;
  /** The logger that it brings along. */
  loggerOf(app: App): unknown;
}
