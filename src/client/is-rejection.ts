/** True for what a breaker throws at a call that it turns away. */
export function isRejection(error: unknown): error is Error {
  return (error as { code?: unknown } | undefined)?.code === 'ERR_CIRCUIT_OPEN';
}
