/** What a retry budget allows. */
export interface RetryBudgetOptions {
  /** Retries earned by each first attempt. */
  readonly ratio: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** How long what was earned, and what was spent, counts, in milliseconds. @default 10_000 */
  readonly ttlMs?: number;
  /** Retries allowed each second whatever was earned, so that an upstream with few calls can be retried. @default 1 */
  readonly floorPerSecond?: number;
}

/** Keeps retries to a share of the calls, so that they do not multiply the load on an upstream in trouble (Finagle). */
export interface RetryBudget {
  /** Retries that are left. */
  readonly balance: number;
  /** Earns `ratio` of a retry: once for each call, not for its retries. */
  deposit(): void;
  /** Spends one retry; false when the budget is used up. */
  tryWithdraw(): boolean;
}

const slices = 10;
// Whole numbers, because ten deposits of 0.1 are less than 1.
const unitsPerRetry = 1_000;

/** A token bucket whose tokens leak away after `ttlMs`, as Finagle's RetryBudget. */
export function createRetryBudget(options: RetryBudgetOptions): RetryBudget {
  const { ratio, now, ttlMs = 10_000, floorPerSecond = 1 } = options;
  const sliceMs = ttlMs / slices;
  const deposited = Math.round(ratio * unitsPerRetry);
  const floor = Math.round(((floorPerSecond * ttlMs) / 1_000) * unitsPerRetry);
  const nets: number[] = new Array(slices).fill(0);
  let sum = 0;
  let head = 0;
  let headStart = now();

  // A clock that went back adds to the newest slice until it has caught up.
  function expire(): void {
    const passed = Math.floor((now() - headStart) / sliceMs);
    if (!(passed > 0)) return;
    const last = Math.min(passed, slices);
    for (let step = 1; step <= last; step += 1) {
      const at = (head + step) % slices;
      sum -= nets[at] as number;
      nets[at] = 0;
    }
    head = (head + passed) % slices;
    headStart += passed * sliceMs;
  }

  function add(units: number): void {
    nets[head] = (nets[head] as number) + units;
    sum += units;
  }

  return {
    get balance() {
      expire();
      return Math.max(0, (floor + sum) / unitsPerRetry);
    },
    deposit() {
      expire();
      add(deposited);
    },
    tryWithdraw() {
      expire();
      if (floor + sum < unitsPerRetry) return false;
      add(-unitsPerRetry);
      return true;
    },
  };
}
