import type { IncomingMessage, ServerResponse } from 'node:http';
import { ENDED_REQUEST, ENDED_RESPONSE } from './ended-request.js';
import { followResponse } from './follow-response.js';
import type { Follower } from './follower.js';
import type { InFlight, Underway } from './in-flight.js';
import { forgetQueued } from './queued-responses.js';

/** Adds a request that is left alone to what is under way, until its response closes. `self` is what it was taken from. */
export function followIgnored(
  inFlight: Pick<InFlight, 'add' | 'remove'>,
  req: IncomingMessage,
  res: ServerResponse,
  self: unknown,
): void {
  const ignored = new IgnoredRequest(inFlight, req, res);
  inFlight.add(ignored);
  try {
    followResponse(ignored, self);
  } catch (error) {
    ignored.closed();
    throw error;
  }
}

/** A request that is neither traced nor measured: a shutdown waits for it all the same. */
class IgnoredRequest implements Underway, Follower {
  req: IncomingMessage;
  res: ServerResponse;
  readonly context = undefined;
  // Nothing of it runs in a context, so it does not matter.
  readonly hasBody = true;
  isEnded = false;
  isQueued = false;
  isUnsent = false;
  previous: Underway | undefined = undefined;
  next: Underway | undefined = undefined;
  readonly #inFlight: Pick<InFlight, 'remove'>;

  constructor(inFlight: Pick<InFlight, 'remove'>, req: IncomingMessage, res: ServerResponse) {
    this.#inFlight = inFlight;
    this.req = req;
    this.res = res;
  }

  finished(): void {}

  closed(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    if (this.isQueued) forgetQueued(this);
    this.#inFlight.remove(this);
    this.req = ENDED_REQUEST;
    this.res = ENDED_RESPONSE;
  }
}
