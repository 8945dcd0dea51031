/**
 * A signal that is never aborted, for every function that wants one where nothing can abort it: an AbortController costs more than
 * the rest of a guarded call. It takes no listeners, which would pile up on it and never be called, and, being composed of no
 * other signals, is not registered with by `AbortSignal.any` either.
 */
export const NEVER: AbortSignal = Object.assign(AbortSignal.any([]), { addEventListener() {} });
