import { createDeadline, STALL_MS } from './deadline.js';
import { NEVER } from './never-signal.js';
import type { BreakerOutcome, IsFailure } from './options.js';
import type { Permit } from './permit.js';
import type { BreakerRuntime } from './runtime.js';

/** What is known of a call beforehand. */
export interface RunOptions {
  /** The caller's own: passed on to the function, and a call that ends badly after it was aborted counts for nothing. */
  readonly signal?: AbortSignal;
  /** Becomes the permit's evidence. */
  readonly evidence?: unknown;
}

/** What {@link run} needs to know of its breaker. */
export interface RunSettings {
  readonly isFailure: IsFailure | undefined;
  readonly timeoutMs: number | undefined;
}

/** A call to make. Its signal is aborted when its time is up, or with the caller's own. */
export type Guarded<T> = (signal: AbortSignal) => T | PromiseLike<T>;

/** Makes the call and ends the permit by its outcome. `caller` is the signal by which the caller may abort. */
export async function run<T>(
  permit: Permit,
  fn: Guarded<T>,
  settings: RunSettings,
  runtime: BreakerRuntime,
  caller: AbortSignal | undefined,
): Promise<T> {
  const { timeoutMs } = settings;
  const timeout = timeoutMs === undefined ? undefined : startTimeout(timeoutMs, runtime, caller);
  let value: T;
  try {
    value = await (timeout === undefined
      ? fn(caller ?? NEVER)
      : Promise.race([fn(timeout.signal), timeout.expired]));
  } catch (error) {
    const isTimeout = timeout !== undefined && error === timeout.error;
    if (isTimeout ? timeout.stalledMs > STALL_MS || runtime.isStalled() : caller?.aborted) permit.ignore();
    else endFailed(permit, error, settings, runtime);
    throw error;
  } finally {
    timeout?.clear();
  }
  endReturned(permit, value, settings, runtime);
  return value;
}

interface Timeout {
  readonly signal: AbortSignal;
  /** Rejects when the time is up; else it stays as it is. */
  readonly expired: Promise<never>;
  readonly error: DOMException | undefined;
  /** By how much this process was late to notice. */
  readonly stalledMs: number;
  clear(): void;
}

function startTimeout(
  timeoutMs: number,
  { timers, now }: BreakerRuntime,
  caller: AbortSignal | undefined,
): Timeout {
  const controller = new AbortController();
  const onAbort = () => controller.abort(caller?.reason);
  caller?.addEventListener('abort', onAbort, { once: true });
  let error: DOMException | undefined;
  let stalledMs = 0;
  let fail: (error: DOMException) => void;
  const expired = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const deadline = createDeadline({
    timeoutMs,
    timers,
    now,
    onExpired(lateMs) {
      stalledMs = lateMs;
      error = new DOMException(`the call took longer than ${timeoutMs} ms`, 'TimeoutError');
      // In this order the caller gets this error, not what the function makes of the abort.
      fail(error);
      controller.abort(error);
    },
  });
  return {
    signal: controller.signal,
    expired,
    get error() {
      return error;
    },
    get stalledMs() {
      return stalledMs;
    },
    clear() {
      deadline.clear();
      caller?.removeEventListener('abort', onAbort);
    },
  };
}

export function endFailed(
  permit: Permit,
  error: unknown,
  settings: RunSettings,
  runtime: BreakerRuntime,
): void {
  const verdict =
    settings.isFailure === undefined ? true : judge(settings.isFailure, { error }, true, runtime);
  if (verdict === 'ignore') permit.ignore();
  else if (verdict) permit.failure(undefined, reasonOf(error));
  else permit.success();
}

export function endReturned(
  permit: Permit,
  value: unknown,
  settings: RunSettings,
  runtime: BreakerRuntime,
): void {
  if (settings.isFailure === undefined) {
    permit.success();
    return;
  }
  const status = statusOf(value);
  const verdict = judge(settings.isFailure, status === undefined ? {} : { status }, false, runtime);
  if (verdict === 'ignore') permit.ignore();
  else if (verdict) permit.failure(undefined, status === undefined ? undefined : String(status));
  else permit.success();
}

function judge(
  isFailure: IsFailure,
  outcome: BreakerOutcome,
  fallback: boolean,
  runtime: BreakerRuntime,
): boolean | 'ignore' {
  try {
    return isFailure(outcome);
  } catch (error) {
    runtime.caught(error);
    return fallback;
  }
}

// The status of a fetch Response, of an undici or axios result.
function statusOf(value: unknown): number | undefined {
  const found = read(value, 'status') ?? read(value, 'statusCode');
  return typeof found === 'number' && Number.isInteger(found) && found >= 100 && found <= 599
    ? found
    : undefined;
}

const codePattern = /^[A-Z][A-Z0-9_]{1,39}$/;

// A code is one of few words; a message is not.
function reasonOf(error: unknown): string {
  const code = read(error, 'code');
  if (typeof code === 'string' && codePattern.test(code)) return code;
  const name = read(error, 'name');
  if (name === 'TimeoutError') return 'timeout';
  return typeof name === 'string' && name !== '' ? name.slice(0, 40) : 'failure';
}

// What a call returned or threw is the user's: a getter of it may throw.
function read(of: unknown, key: string): unknown {
  try {
    return typeof of === 'object' && of !== null ? (of as Record<string, unknown>)[key] : undefined;
  } catch {
    return undefined;
  }
}
