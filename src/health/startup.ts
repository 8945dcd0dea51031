import { type Abort, createContainedAbort } from './abort.js';
import type { Isolate } from './check-reading.js';
import type { StartupTask } from './options.js';
import { settle } from './settle.js';

export interface TaskEnd {
  readonly name: string;
  readonly ok: boolean;
  /** What it threw, as it threw it: for the log alone. */
  readonly error: unknown;
}

/**
 * What has to be done before the service is ready: all tasks at the same time, each once. One that fails is never repeated, so the start-up
 * never ends and the startup probe has the process restarted.
 */
export class StartupTasks {
  readonly #tasks: Readonly<Record<string, StartupTask>>;
  readonly #onEnd: (end: TaskEnd) => void;
  readonly #isolate: Isolate;
  readonly #states = new Map<string, 'pending' | 'done' | 'failed'>();
  #abort: Abort | undefined;

  constructor(tasks: Readonly<Record<string, StartupTask>>, onEnd: (end: TaskEnd) => void, isolate: Isolate) {
    this.#tasks = tasks;
    this.#onEnd = onEnd;
    this.#isolate = isolate;
    for (const name of Object.keys(tasks)) this.#states.set(name, 'pending');
  }

  start(): void {
    if (this.#abort !== undefined) return;
    const abort = createContainedAbort();
    this.#abort = abort;
    for (const [name, task] of Object.entries(this.#tasks)) {
      settle(
        () => this.#isolate(() => task(abort.signal)),
        (outcome) => {
          const ok = outcome.kind === 'value';
          this.#states.set(name, ok ? 'done' : 'failed');
          this.#onEnd({ name, ok, error: ok ? undefined : outcome.error });
        },
      );
    }
  }

  /** Asks tasks that are still under way to end. */
  stop(): void {
    this.#abort?.abort(new DOMException('the service is stopping', 'AbortError'));
  }

  get isDone(): boolean {
    return [...this.#states.values()].every((state) => state === 'done');
  }

  /** Those that are not done, with how far they are. */
  get open(): readonly (readonly [name: string, state: 'pending' | 'failed'])[] {
    return [...this.#states].flatMap(([name, state]) => (state === 'done' ? [] : [[name, state] as const]));
  }
}
