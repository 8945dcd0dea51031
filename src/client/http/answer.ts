import type { EventEmitter } from 'node:events';
import type { OpenAnswer } from '../open-answer.js';
import { createAnswerSocket } from './answer-socket.js';
import type { ObservedRequest } from './exchange.js';
import { HttpCall } from './http-call.js';

interface AnsweredRequest extends ObservedRequest {
  _hadError?: boolean;
}

/** Answers a request that has no socket yet. */
export function answerRequest(req: AnsweredRequest, answer: OpenAnswer): void {
  const socket = createAnswerSocket(answer, req.protocol === 'https:');
  HttpCall.setAnswer(req, socket);
  // An agent of its own may be on its way to the upstream all the same: agent-base, before 7, reports no error to the request then.
  req._hadError = true;
  req.onSocket(socket);
}

/** True for a request that was answered, and is given another socket by its agent. */
export function isAnswered(req: ObservedRequest, socket: unknown): boolean {
  const own = HttpCall.answerOf(req);
  return own !== undefined && own !== socket;
}

/** Closes a connection that came too late. */
export function letGo(socket: unknown): void {
  const { on, destroy } = (socket ?? {}) as Partial<EventEmitter & { destroy(): void }>;
  if (typeof on !== 'function' || typeof destroy !== 'function') return;
  on.call(socket, 'error', () => {});
  destroy.call(socket);
}
