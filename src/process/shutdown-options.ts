import { func, record, reject, within } from '../core/check.js';
import type { Outside } from './outside.js';

/** Something of the application's to be done at the end; a promise is waited for. The signal aborts when the time is up. */
export type ShutdownHook = (signal: AbortSignal) => unknown;

export interface ShutdownOptions {
  /**
   * How long the service keeps serving after it begins to end, with readiness at 503, so that load balancers notice; in milliseconds.
   * An interrupt from a terminal never waits. @default 5_000 for a signal in Kubernetes, else 0
   */
  readonly delayMs?: number;
  /**
   * How long requests under way, streams and upgraded connections may take after the delay, in milliseconds.
   * @default 15_000 in Kubernetes, and beside a signal handler of the application's own; 2_000 for a terminal or a watcher; else 6_000
   */
  readonly drainTimeoutMs?: number;
  /**
   * How long everything may take, in milliseconds; a signal's shutdown ends the process then, at the latest. Has to be less than
   * Kubernetes' terminationGracePeriodSeconds. @default 25_000 in Kubernetes, and beside a signal handler of the application's own;
   * 3_000 for a terminal or a watcher; else 8_000; in each case delayMs + drainTimeoutMs + 5_000 if one of these is given and that is more
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

/** How long one kind of end may take, in milliseconds. */
export interface EndTimes {
  readonly delayMs: number;
  readonly drainTimeoutMs: number;
  readonly budgetMs: number;
}

/** What the times of an end depend on. */
interface TimesByEnd {
  /** The application ends the service. */
  readonly call: EndTimes;
  /** A signal that no other listener handles. */
  readonly signal: EndTimes;
  /** The same, from a terminal, where a person waits. */
  readonly terminal: EndTimes;
  /** A signal does, and the application has a handler of its own: how long it takes to end is the application's. */
  readonly beside: EndTimes;
}

export interface ShutdownConfig {
  readonly outside: Outside;
  readonly times: TimesByEnd;
  readonly exit: 'auto' | boolean;
  readonly foreignGraceMs: number | undefined;
  readonly onDrain: readonly ShutdownHook[];
  readonly onShutdown: readonly ShutdownHook[];
}

/** Where the process runs, as its environment shows. */
export interface Surroundings {
  readonly outside: Outside;
  /** terminationGracePeriodSeconds of the pod, if the environment names it. */
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

/** The default of terminationGracePeriodSeconds in Kubernetes. */
export const defaultGraceS = 30;
/** What a budget keeps for hooks, the flush and a margin where the drain is given. */
const tailMs = 5_000;
const maxMs = 86_400_000;

/** Docker and many container runtimes kill after 10 s; at a terminal, and under a watcher, a person waits for the next start. */
const defaults: Readonly<Record<Outside, EndTimes>> = {
  kubernetes: { delayMs: 5_000, drainTimeoutMs: 15_000, budgetMs: 25_000 },
  unknown: { delayMs: 0, drainTimeoutMs: 6_000, budgetMs: 8_000 },
  watcher: { delayMs: 0, drainTimeoutMs: 2_000, budgetMs: 3_000 },
};
/** A handler of the application's own may wait for longer than ours would: what waits to be exported is out by then. */
const besideDrainMs = 15_000;
const besideBudgetMs = 25_000;

/**
 * The complete, frozen form of what the user gave.
 * @throws GoldenSignalsError `ERR_GS_OPTION` that names the option.
 */
export function resolveShutdown(
  given: ShutdownOptions = {},
  { outside, gracePeriodS }: Surroundings = { outside: 'unknown', gracePeriodS: undefined },
  warn: (message: string) => void = () => {},
): ShutdownConfig {
  record('shutdown', given, known);
  const { delayMs, drainTimeoutMs, budgetMs, exit = 'auto', foreignGraceMs } = given;
  if (delayMs !== undefined) within('shutdown.delayMs', delayMs, 0, maxMs);
  if (drainTimeoutMs !== undefined) within('shutdown.drainTimeoutMs', drainTimeoutMs, 0, maxMs);
  if (budgetMs !== undefined) within('shutdown.budgetMs', budgetMs, 1, 3 * maxMs);
  if (foreignGraceMs !== undefined) within('shutdown.foreignGraceMs', foreignGraceMs, 0, maxMs);
  if (typeof exit !== 'boolean' && exit !== 'auto') reject('shutdown.exit', "'auto', true or false", exit);

  const times = timesOf(given, outside);
  const signalBudgetMs = times.signal.budgetMs;
  const graceS = gracePeriodS ?? (outside === 'kubernetes' ? defaultGraceS : undefined);
  if (graceS !== undefined && signalBudgetMs >= graceS * 1_000) {
    warn(
      `a shutdown may take ${signalBudgetMs / 1_000} s, and the pod is killed after ${graceS} s: give it less (shutdown.budgetMs) or ` +
        'raise terminationGracePeriodSeconds',
    );
  }
  return Object.freeze({
    outside,
    times,
    exit,
    foreignGraceMs,
    onDrain: hooks('shutdown.onDrain', given.onDrain),
    onShutdown: hooks('shutdown.onShutdown', given.onShutdown),
  });
}

type Given = { readonly [Name in keyof EndTimes]?: number | undefined };

function timesOf(given: ShutdownOptions, outside: Outside): TimesByEnd {
  const { watcher, [outside]: here } = defaults;
  const isDeveloper = outside === 'watcher';
  const beside = {
    delayMs: here.delayMs,
    drainTimeoutMs: isDeveloper ? here.drainTimeoutMs : besideDrainMs,
    budgetMs: besideBudgetMs,
  };
  return Object.freeze({
    call: withGiven(given, { ...here, delayMs: 0 }),
    signal: withGiven(given, here),
    // No balancer is there to notice anything.
    terminal: withGiven({ ...given, delayMs: undefined }, watcher),
    beside: withGiven(given, beside),
  });
}

function withGiven(given: Given, usual: EndTimes): EndTimes {
  const { delayMs = usual.delayMs, drainTimeoutMs = usual.drainTimeoutMs } = given;
  const isGiven = given.delayMs !== undefined || given.drainTimeoutMs !== undefined;
  const neededMs = isGiven ? delayMs + drainTimeoutMs + tailMs : 0;
  return Object.freeze({
    delayMs,
    drainTimeoutMs,
    budgetMs: given.budgetMs ?? Math.max(usual.budgetMs, neededMs),
  });
}

function hooks(path: string, given: ShutdownOptions['onDrain']): readonly ShutdownHook[] {
  if (given === undefined) return Object.freeze([]);
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  for (const [index, hook] of list.entries()) func(Array.isArray(given) ? `${path}[${index}]` : path, hook);
  return Object.freeze([...list]) as readonly ShutdownHook[];
}
