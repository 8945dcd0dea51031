type Handler = (this: unknown, ...args: unknown[]) => unknown;

/** A query object, a cursor or a stream: what `client.query()` takes and sends as it is. */
export interface Submittable {
  submit: unknown;
  handleError?: unknown;
  handleReadyForQuery?: unknown;
  handlePortalSuspended?: unknown;
}

/**
 * Reports the answer to a submitted object: the whole result, an error, or the first rows of a cursor, whose rest may never be read.
 * It wraps the object's own handlers, because a listener for 'error' would make errors handled.
 */
export function observeSubmittable(query: Submittable, onAnswer: (error: unknown) => void): void {
  before(query, 'handleError', (error) => onAnswer(error ?? new Error('unknown')));
  before(query, 'handleReadyForQuery', () => onAnswer(undefined));
  before(query, 'handlePortalSuspended', () => onAnswer(undefined));
}

function before(
  query: Submittable,
  name: 'handleError' | 'handleReadyForQuery' | 'handlePortalSuspended',
  run: (first: unknown) => void,
): void {
  const handler = query[name];
  if (typeof handler !== 'function') return;
  Object.defineProperty(query, name, {
    configurable: true,
    writable: true,
    enumerable: false,
    value(this: unknown, ...args: unknown[]) {
      run(args[0]);
      return (handler as Handler).apply(this, args);
    },
  });
}
