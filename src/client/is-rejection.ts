import { OpenAnswer } from './open-answer.js';

/** True for what a call is told that a breaker turns away. */
export function isRejection(error: unknown): error is Error | OpenAnswer {
  return (
    error instanceof OpenAnswer || (error as { code?: unknown } | undefined)?.code === 'ERR_CIRCUIT_OPEN'
  );
}
