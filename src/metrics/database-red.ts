import type { Attributes } from '@opentelemetry/api';
import type { Recordable } from './instrument.js';
import type { Series, SeriesSet } from './series.js';

/** The database at the far end of a connection; what is known of it before anything is asked. */
export interface DatabaseServer {
  /** `db.system.name`: postgresql, mysql, redis. */
  readonly system: string;
  readonly namespace: string | undefined;
  readonly address: string | undefined;
  readonly port: number | undefined;
}

/** What one finished operation was, as far as its metric goes. */
export interface FinishedOperation {
  readonly server: DatabaseServer;
  readonly summary: string | undefined;
  readonly operation: string | undefined;
  readonly collection: string | undefined;
  readonly errorType: string | undefined;
  readonly statusCode: string | undefined;
}

/** Rate, errors and duration of what this service asks of its databases. */
export interface DatabaseRed {
  end(finished: FinishedOperation, durationSeconds: number): void;
}

export const OPERATION_DURATION = {
  name: 'db.client.operation.duration',
  description: 'Duration of database client operations.',
  unit: 's',
} as const;

/** In seconds, as the semantic conventions recommend. */
export const OPERATION_BOUNDS: readonly number[] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

type Children = Map<string, Series<Recordable>>;

/** Children are resolved once: an operation that went well costs two map look-ups, its server and its summary. */
export function createDatabaseRed(durations: SeriesSet<Recordable>): DatabaseRed {
  // A server is one object for as long as its connections live.
  const byServer = new WeakMap<DatabaseServer, Children>();
  return {
    end(finished, durationSeconds) {
      let children = byServer.get(finished.server);
      if (children === undefined) {
        children = new Map();
        byServer.set(finished.server, children);
      }
      const { summary = finished.operation ?? '', errorType } = finished;
      const key =
        errorType === undefined ? summary : `${errorType}\n${finished.statusCode ?? ''}\n${summary}`;
      let child = children.get(key);
      if (child === undefined) {
        child = durations.add(operationAttributes(finished));
        // Past the limit nothing new is remembered, so the maps are bounded with the series.
        if (!durations.isFull) children.set(key, child);
      }
      child.value.record(durationSeconds);
    },
  };
}

/** Database client conventions, v1.44. */
function serverAttributes({ system, namespace, address, port }: DatabaseServer): Attributes {
  const attributes: Attributes = { 'db.system.name': system };
  if (namespace !== undefined) attributes['db.namespace'] = namespace;
  if (address !== undefined) {
    attributes['server.address'] = address;
    if (port !== undefined) attributes['server.port'] = port;
  }
  return attributes;
}

/** The attributes of an operation and its outcome, the same on the span and on the metric. */
export function operationAttributes(finished: FinishedOperation): Attributes {
  const attributes = serverAttributes(finished.server);
  if (finished.summary !== undefined) attributes['db.query.summary'] = finished.summary;
  if (finished.operation !== undefined) attributes['db.operation.name'] = finished.operation;
  if (finished.collection !== undefined) attributes['db.collection.name'] = finished.collection;
  if (finished.statusCode !== undefined) attributes['db.response.status_code'] = finished.statusCode;
  if (finished.errorType !== undefined) attributes['error.type'] = finished.errorType;
  return attributes;
}
