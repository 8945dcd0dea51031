/** The three words of the health check response format (draft-inadarei-api-health-check). */
export type Status = 'pass' | 'warn' | 'fail';

const severity: Readonly<Record<Status, number>> = { pass: 0, warn: 1, fail: 2 };

/** The more severe of two. */
export const worseOf = (a: Status, b: Status): Status => (severity[a] >= severity[b] ? a : b);

/** What a check that fails is worth to the whole: only a critical one takes the instance out of service. */
export const weighed = (status: Status, isCritical: boolean): Status =>
  status === 'fail' && !isCritical ? 'warn' : status;
