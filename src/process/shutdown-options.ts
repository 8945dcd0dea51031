import { func, record, reject, within } from '../core/check.js';

/** Something of the application's to be done at the end; a promise is waited for. The signal aborts when the time is up. */
export type ShutdownHook = (signal: AbortSignal) => unknown;

export interface ShutdownOptions {
  /**
   * How long the service goes on as before once it is told to end, with readiness at 503, so that balancers notice: in milliseconds.
   * An interrupt from a terminal never waits. @default 5_000 for a signal in Kubernetes, else 0
   */
  readonly delayMs?: number;
  /** How long requests under way, streams and upgraded connections may take after the delay, in milliseconds. @default 15_000 */
  readonly drainTimeoutMs?: number;
  /**
   * How long everything may take, in milliseconds; a signal's shutdown ends the process then, at the latest. Has to be less than
   * Kubernetes' terminationGracePeriodSeconds. @default 25_000, or delayMs + drainTimeoutMs + 5_000 if that is more
   */
  readonly budgetMs?: number;
  /**
   * Whether the process is ended after a signal. 'auto': as soon as the work is done, or at the end of the budget if the application has
   * a handler of its own for the signal. @default 'auto'
   */
  readonly exit?: 'auto' | boolean;
  /** With 'auto': how long the application's own handlers may take after our work is done, in milliseconds. @default what is left of the budget */
  readonly foreignGraceMs?: number;
  /** Called when no new connection is accepted any more, all together: stop consumers, close streams. */
  readonly onDrain?: ShutdownHook | readonly ShutdownHook[];
  /** Called when the last request has ended, the last one first: close pools. At most 2 s for all. */
  readonly onShutdown?: ShutdownHook | readonly ShutdownHook[];
}

export interface ShutdownConfig {
  /** The delay when a signal ends the service, and when the application does. */
  readonly signalDelayMs: number;
  readonly callDelayMs: number;
  readonly drainTimeoutMs: number;
  readonly budgetMs: number;
  readonly exit: 'auto' | boolean;
  readonly foreignGraceMs: number | undefined;
  readonly onDrain: readonly ShutdownHook[];
  readonly onShutdown: readonly ShutdownHook[];
}

/** What the environment says of where the process runs. */
export interface Surroundings {
  readonly isKubernetes: boolean;
  /** Of the pod, if the manifest tells it. */
  readonly gracePeriodS: number | undefined;
}

const known = [
  'delayMs',
  'drainTimeoutMs',
  'budgetMs',
  'exit',
  'foreignGraceMs',
  'onDrain',
  'onShutdown',
] as const satisfies readonly (keyof ShutdownOptions)[];

const kubernetesDelayMs = 5_000;
/** Of a pod that says nothing else. */
export const defaultGraceS = 30;
const defaultBudgetMs = 25_000;
/** What the default budget keeps for hooks, the flush and a margin. */
const tailMs = 5_000;
const maxMs = 86_400_000;

/**
 * The complete, frozen form of what the user gave.
 * @throws GoldenSignalsError `ERR_GS_OPTION` that names the option.
 */
export function resolveShutdown(
  given: ShutdownOptions = {},
  { isKubernetes, gracePeriodS }: Surroundings = { isKubernetes: false, gracePeriodS: undefined },
  warn: (message: string) => void = () => {},
): ShutdownConfig {
  record('shutdown', given, known);
  const { delayMs, drainTimeoutMs = 15_000, exit = 'auto', foreignGraceMs } = given;
  if (delayMs !== undefined) within('shutdown.delayMs', delayMs, 0, maxMs);
  within('shutdown.drainTimeoutMs', drainTimeoutMs, 0, maxMs);
  const signalDelayMs = delayMs ?? (isKubernetes ? kubernetesDelayMs : 0);
  const { budgetMs = Math.max(defaultBudgetMs, signalDelayMs + drainTimeoutMs + tailMs) } = given;
  within('shutdown.budgetMs', budgetMs, 1, 3 * maxMs);
  if (foreignGraceMs !== undefined) within('shutdown.foreignGraceMs', foreignGraceMs, 0, maxMs);
  if (typeof exit !== 'boolean' && exit !== 'auto') reject('shutdown.exit', "'auto', true or false", exit);

  const graceS = gracePeriodS ?? (isKubernetes ? defaultGraceS : undefined);
  if (graceS !== undefined && budgetMs >= graceS * 1_000) {
    warn(
      `a shutdown may take ${budgetMs / 1_000} s, and the pod is killed after ${graceS} s: give it less (shutdown.budgetMs) or raise ` +
        'terminationGracePeriodSeconds',
    );
  }
  return Object.freeze({
    signalDelayMs,
    callDelayMs: delayMs ?? 0,
    drainTimeoutMs,
    budgetMs,
    exit,
    foreignGraceMs,
    onDrain: hooks('shutdown.onDrain', given.onDrain),
    onShutdown: hooks('shutdown.onShutdown', given.onShutdown),
  });
}

function hooks(path: string, given: ShutdownOptions['onDrain']): readonly ShutdownHook[] {
  if (given === undefined) return Object.freeze([]);
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  for (const [index, hook] of list.entries()) func(Array.isArray(given) ? `${path}[${index}]` : path, hook);
  return Object.freeze([...list]) as readonly ShutdownHook[];
}
