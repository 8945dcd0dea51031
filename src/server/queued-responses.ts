import type { EventEmitter } from 'node:events';
import type { RequestRecord } from './request-record.js';

const queueKey = Symbol('golden-signals.queue');

type Connection = EventEmitter & { [queueKey]?: Set<RequestRecord> };

/**
 * For a pipelined request, whose response waits for those before it: when the connection goes, Node says nothing on a response that
 * never had it, so the connection itself is asked. One listener serves all that wait on it.
 */
export function finishWithConnection(record: RequestRecord): void {
  const connection = record.req.socket as Connection;
  let queue = connection[queueKey];
  if (queue === undefined) {
    queue = new Set();
    connection[queueKey] = queue;
    connection.once('close', finishUnsent);
  }
  queue.add(record);
  record.isQueued = true;
}

export function forgetQueued(record: RequestRecord): void {
  (record.req.socket as Connection)[queueKey]?.delete(record);
}

function finishUnsent(this: Connection): void {
  for (const record of this[queueKey] ?? []) {
    // One that has the connection closes by itself.
    if (record.res.socket !== null) continue;
    record.isUnsent = true;
    record.owner.finish(record);
  }
}
