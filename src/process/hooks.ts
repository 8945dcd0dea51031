import { isError } from '../core/is-error.js';
import type { Timers } from '../core/timers.js';
import { createContainedAbort } from '../health/abort.js';
import { settle } from '../health/settle.js';
import type { ShutdownHook } from './shutdown-options.js';

export interface HookDeps {
  readonly timers: Timers;
  /** Called for each hook that threw or took too long. */
  readonly onFailure: (reason: string) => void;
}

/** Hooks that run at the same time as something else. */
export interface HookGroup {
  /** Resolves when all have ended, however they did. */
  readonly done: Promise<void>;
  readonly pending: number;
  readonly failed: number;
  /** Asks those under way to end, and waits for none of them. */
  abandon(): void;
}

/** Starts all hooks at once. */
export function runTogether(hooks: readonly ShutdownHook[], onFailure: HookDeps['onFailure']): HookGroup {
  const abort = createContainedAbort();
  let pending = hooks.length;
  let failed = 0;
  let isAbandoned = false;
  const runs = hooks.map(
    (hook) =>
      new Promise<void>((resolve) => {
        settle(
          () => hook(abort.signal),
          (outcome) => {
            if (isAbandoned) return;
            pending -= 1;
            if (outcome.kind === 'thrown') {
              failed += 1;
              onFailure(`an onDrain hook failed: ${reasonOf(outcome.error)}`);
            }
            resolve();
          },
        );
      }),
  );
  return {
    done: Promise.all(runs).then(() => {}),
    get pending() {
      return pending;
    },
    get failed() {
      return failed;
    },
    abandon() {
      if (pending === 0) return;
      isAbandoned = true;
      failed += pending;
      onFailure(`${pending} of the onDrain hooks had not ended in time`);
      abort.abort(timeUp());
    },
  };
}

/**
 * Runs hooks one after the other, the last one first, for at most `totalMs` together: one that hangs is left behind when its equal share
 * of what remains is used up, so that those before it get theirs.
 * @returns how many failed
 */
export async function runInReverse(
  hooks: readonly ShutdownHook[],
  totalMs: number,
  now: () => number,
  deps: HookDeps,
): Promise<number> {
  const endsAt = now() + totalMs;
  let failed = 0;
  for (let index = hooks.length - 1; index >= 0; index -= 1) {
    const shareMs = Math.max(0, endsAt - now()) / (index + 1);
    const reason = await runBounded(hooks[index] as ShutdownHook, shareMs, deps.timers);
    if (reason === undefined) continue;
    failed += 1;
    deps.onFailure(`an onShutdown hook ${reason}`);
  }
  return failed;
}

/** Resolves to what went wrong. */
function runBounded(hook: ShutdownHook, boundMs: number, timers: Timers): Promise<string | undefined> {
  return new Promise((resolve) => {
    const abort = createContainedAbort();
    const timer = timers.set(() => {
      resolve(`had not ended after ${Math.round(boundMs)} ms`);
      abort.abort(timeUp());
    }, boundMs);
    settle(
      () => hook(abort.signal),
      (outcome) => {
        timers.clear(timer);
        resolve(outcome.kind === 'thrown' ? `failed: ${reasonOf(outcome.error)}` : undefined);
      },
    );
  });
}

function timeUp(): DOMException {
  return new DOMException('the time for it is up', 'TimeoutError');
}

/** One line for the log of whatever was thrown. Never throws. */
export function reasonOf(error: unknown): string {
  try {
    const text = isError(error) ? `${error.name}: ${error.message}` : String(error);
    return text.split('\n', 1)[0]?.slice(0, 200) ?? '';
  } catch {
    return 'something that cannot be printed';
  }
}
