import { OpenAnswer } from './open-answer.js';

/** True for the error or response with which a breaker rejects a call. */
export function isRejection(error: unknown): error is Error | OpenAnswer {
  return (
    error instanceof OpenAnswer || (error as { code?: unknown } | undefined)?.code === 'ERR_CIRCUIT_OPEN'
  );
}
