/** Where randomness comes from: uniform in [0, 1). Injected, so that a test is exact. */
export type Random = () => number;
