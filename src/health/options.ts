import type { IncomingMessage } from 'node:http';
import { bool, func, oneOf, record, reject, within } from '../core/check.js';
import { type CheckFunction, type CheckOptions, resolveCheck } from './check-options.js';
import type { Probe } from './probe.js';

/** Something to be done before the service takes traffic: fill a cache, run a migration. It counts as done when it returns or resolves. */
export type StartupTask = (signal: AbortSignal) => unknown;

export interface HealthOptions {
  /** Where the aggregate is served; `/live`, `/ready` and `/startup` follow below it. @default '/health' */
  readonly path?: string;
  /** Serves `/livez`, `/readyz` and `/healthz` too. @default false */
  readonly aliases?: boolean;
  /** Answers a path even if the application has an answer of its own there. @default false */
  readonly override?: boolean;
  /**
   * What to check, by name; a bare function is a non-critical check with the defaults. Checks and start-up tasks run outside of every
   * request and are traced nowhere; what they call is measured, and guarded by its breaker. @default {}
   */
  readonly checks?: Readonly<Record<string, CheckFunction | CheckOptions>>;
  /** What has to be done before the service is ready, by name. @default {} */
  readonly startup?: Readonly<Record<string, StartupTask>>;
  /**
   * Whether the traffic port shows names and texts to every client.
   * @default 'never' if NODE_ENV is production or `authorize` is given, else 'always'
   */
  readonly detail?: 'never' | 'always';
  /** Shows the detail to a request for which it returns true, and only true. Synchronous; a throw counts as no. @default none */
  readonly authorize?: (request: IncomingMessage) => boolean;
  /** How long a critical failure is only a warning, in milliseconds; a check may override it. @default 0 */
  readonly criticalGraceMs?: number;
  readonly live?: {
    /**
     * Answers 503 on live once the main thread has been blocked for longer than this, in milliseconds. Only the management port in a thread
     * of its own (`management.thread`) can do that. @default never
     */
    readonly maxStallMs?: number;
  };
  readonly ready?: {
    /** Answers 503 on ready after 30 s of overload. @default false */
    readonly onOverload?: boolean;
  };
}

export interface HealthConfig {
  readonly path: string;
  readonly override: boolean;
  readonly checks: Readonly<Record<string, CheckFunction | CheckOptions>>;
  readonly startup: Readonly<Record<string, StartupTask>>;
  readonly detail: 'never' | 'always';
  readonly authorize: ((request: IncomingMessage) => boolean) | undefined;
  readonly criticalGraceMs: number;
  readonly isUnreadyOnOverload: boolean;
  readonly maxStallMs: number | undefined;
  /** Which probe each path asks for. */
  readonly probes: ReadonlyMap<string, Probe>;
}

const known = [
  'path',
  'aliases',
  'override',
  'checks',
  'startup',
  'detail',
  'authorize',
  'criticalGraceMs',
  'live',
  'ready',
] as const satisfies readonly (keyof HealthOptions)[];

/**
 * The complete, frozen form of what the user gave; `nodeEnv` is the value of NODE_ENV.
 * @throws GoldenSignalsError `ERR_GS_OPTION` that names the option.
 */
export function resolveHealth(given: HealthOptions = {}, nodeEnv?: string): HealthConfig {
  record('health', given, known);
  const { path = '/health', aliases = false, override = false, checks = {}, startup = {} } = given;
  const { authorize, criticalGraceMs = 0, live = {}, ready = {} } = given;
  if (authorize !== undefined) func('health.authorize', authorize);
  const isGuarded = nodeEnv === 'production' || authorize !== undefined;
  const { detail = isGuarded ? 'never' : 'always' } = given;
  bool('health.aliases', aliases);
  bool('health.override', override);
  oneOf('health.detail', detail, ['never', 'always']);
  within('health.criticalGraceMs', criticalGraceMs, 0, Number.MAX_VALUE);
  record('health.live', live, ['maxStallMs']);
  const { maxStallMs } = live;
  if (maxStallMs !== undefined)
    within('health.live.maxStallMs', maxStallMs, leastStallMs, Number.MAX_SAFE_INTEGER);
  record('health.ready', ready, ['onOverload']);
  const { onOverload = false } = ready;
  bool('health.ready.onOverload', onOverload);
  const prefix = resolvePath(path);
  return Object.freeze({
    path: prefix,
    override,
    checks: named('health.checks', checks, (name, check) => resolveCheck(name, check, criticalGraceMs)),
    startup: named('health.startup', startup, func),
    detail,
    authorize,
    criticalGraceMs,
    isUnreadyOnOverload: onOverload,
    maxStallMs,
    probes: probesOf(prefix, aliases),
  });
}

/** A long garbage collection is no stall. */
const leastStallMs = 1_000;

function resolvePath(path: unknown): string {
  const shape = /^(?:\/[\w.~!$&'()*+,;=:@%-]+)+\/?$/;
  if (typeof path !== 'string' || !shape.test(path))
    reject('health.path', `a path such as '/health', without a query`, path);
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

function probesOf(prefix: string, aliases: boolean): ReadonlyMap<string, Probe> {
  const probes = new Map<string, Probe>([
    [prefix, 'health'],
    [`${prefix}/live`, 'live'],
    [`${prefix}/ready`, 'ready'],
    [`${prefix}/startup`, 'startup'],
  ]);
  if (aliases) probes.set('/healthz', 'health').set('/livez', 'live').set('/readyz', 'ready');
  return probes;
}

// A copy: what the caller does to the object later changes nothing here.
function named<T>(path: string, given: Readonly<Record<string, T>>, check: (path: string, value: T) => void) {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) reject(path, 'an object', given);
  for (const [name, value] of Object.entries(given)) check(`${path}.${name}`, value);
  return Object.freeze({ ...given });
}
