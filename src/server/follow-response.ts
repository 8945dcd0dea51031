import { type Follower, follow } from './follower.js';
import { closeWithEnd, isMadeUp } from './made-up-response.js';
import { watchHttp2Messages } from './message-events.js';
import { finishWithConnection } from './queued-responses.js';

/** Notifies a follower of the end of its response, however it ends. `self` is what the request was taken from. */
export function followResponse(follower: Follower, self: unknown): void {
  const { req, res } = follower;
  follow(res, follower);
  if ((res as { stream?: unknown }).stream !== undefined) watchHttp2Messages(req, res);
  else if (isMadeUp(req, res, self)) closeWithEnd(follower);
  if (res.socket === null && typeof req.socket?.once === 'function') {
    finishWithConnection(follower);
    follower.isQueued = true;
  }
}
