import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Address } from '../support/client.js';

/** What a test does with a request, on Node's own objects. */
export type RawHandler = (req: IncomingMessage, res: ServerResponse) => unknown;

/**
 * The application of the contract, in some framework. Its routes, each written in the framework's own idiom:
 * GET `/orders/:id` answers `{"id":…}`, POST `/orders` 201, GET `/status/:code` that status, GET `/throws` and `/rejects` fail with
 * a TypeError, ANY `/raw/:name` does what the test says.
 */
export interface App {
  /** What instrument() is handed. */
  readonly target: unknown;
  addRoutes(): Promise<void> | void;
  listen(): Promise<Address>;
  close(): Promise<void>;
}

/** A server that the contract holds for. */
export interface Kind {
  readonly name: string;
  readonly scheme: 'http' | 'https';
  readonly protocol: '1.1' | '2';
  /** False for Node's own servers, which have no routes to tell. */
  readonly hasRoutes: boolean;
  create(raw: RawHandler): Promise<App> | App;
}

/** What `/throws` and `/rejects` fail with. */
export function failure(): TypeError {
  return new TypeError('the handler failed');
}
