import type { IncomingMessage } from 'node:http';
import { types } from 'node:util';
import {
  type BreakerConfigOf,
  type PropagateTo,
  resolveBreakers,
  resolvePropagateTo,
  type UpstreamBreakerOptions,
} from '../client/options.js';
import { record, reject } from '../core/check.js';
import { createEnvironment, type Environment } from '../core/environment.js';
import { createLog, LOG_LEVELS, type Log, type LogLevel } from '../core/log.js';
import { isDatabaseClient } from '../database/clients.js';
import { type HealthConfig, type HealthOptions, resolveHealth } from '../health/options.js';
import { type OverloadConfig, type OverloadOptions, resolveOverload } from '../health/overload-options.js';
import { type LogConfig, type LogOptions, resolveLogs } from '../logs/options.js';
import { type ManagementConfig, type ManagementOptions, resolveManagement } from '../management/options.js';
import { type MetricConfig, type MetricOptions, resolveMetrics } from '../metrics/options.js';
import { type PoolOptions, resolvePools } from '../pools/options.js';
import {
  type HeartbeatConfig,
  type HeartbeatOptions,
  resolveHeartbeat,
} from '../process/heartbeat-options.js';
import { outsideOf } from '../process/outside.js';
import { systemFiles } from '../process/proc-files.js';
import {
  defaultGraceS,
  resolveShutdown,
  type ShutdownConfig,
  type ShutdownOptions,
  type Surroundings,
} from '../process/shutdown-options.js';
import { type DeadlineConfig, type DeadlineOptions, resolveDeadline } from '../server/request-signal.js';
import { resolveTraces, type TraceConfig, type TraceOptions } from '../trace/options.js';
import { resolveService, type ServiceConfig, type ServiceOptions } from './identity.js';

export interface Options {
  /** The name of this service, or more about it. @default OTEL_SERVICE_NAME, else the name in the nearest package.json */
  readonly service?: string | ServiceOptions;
  /**
   * Requests that are neither traced nor measured: paths, exact or a prefix that ends in `*`, regular expressions on the path, or
   * a function. Their trace context is still passed on. @default []
   */
  readonly ignore?: readonly (string | RegExp)[] | ((req: IncomingMessage) => boolean);
  /** Traces, or false for none: context is still passed on. */
  readonly traces?: false | TraceOptions;
  /** Metrics, or false for none. */
  readonly metrics?: false | MetricOptions;
  /** Trace ids in log lines, and the export of log records, or false for neither. */
  readonly logs?: false | LogOptions;
  /** Checks and the answers to probes, or false to answer none. */
  readonly health?: false | HealthOptions;
  /** How the service ends, or false to leave signals, servers and the process alone. */
  readonly shutdown?: false | ShutdownOptions;
  /** Beats that say the service is alive, or false for none, not even their metrics. */
  readonly heartbeat?: false | HeartbeatOptions;
  /** When the process counts as overloaded, and whether it then turns requests away. */
  readonly overload?: OverloadOptions;
  /** Serves probes with full detail, and metrics for Prometheus, on a port of their own. @default none */
  readonly management?: ManagementOptions;
  /** Circuit breakers of the upstreams that this service calls, or false for none. */
  readonly breaker?: false | UpstreamBreakerOptions;
  /**
   * The hosts that get trace context and baggage with a call: `host`, `host:port`, `*.domain`, or a regular expression on
   * `host:port`. @default every host
   */
  readonly propagateTo?: PropagateTo;
  /** How long callers wait, for `signals.signal()` and outgoing calls. */
  readonly deadline?: DeadlineOptions;
  /** Pools of connections, by name: how full they are, who waits for them, and what is asked through them. @default none */
  readonly pools?: PoolOptions;
}

export interface Config {
  readonly service: ServiceConfig;
  readonly isIgnored: ((req: IncomingMessage) => boolean) | undefined;
  readonly traces: TraceConfig | undefined;
  readonly metrics: MetricConfig | undefined;
  readonly logs: LogConfig | undefined;
  /** Undefined where no probe is to be answered. */
  readonly health: HealthConfig | undefined;
  /** Undefined where signals, servers and the process are left alone. */
  readonly shutdown: ShutdownConfig | undefined;
  /** Undefined where there are no beats, nor their metrics. */
  readonly heartbeat: HeartbeatConfig | undefined;
  readonly overload: OverloadConfig;
  /** Undefined where there is no port of its own. */
  readonly management: ManagementConfig | undefined;
  /** Undefined where no upstream has a breaker. */
  readonly breakerOf: BreakerConfigOf | undefined;
  readonly isPropagatedTo: (host: string, port: number) => boolean;
  readonly deadline: DeadlineConfig;
  readonly pools: PoolOptions;
  readonly propagators: readonly string[];
  /** By signal: `http/protobuf` or `http/json`. */
  readonly protocols: { readonly traces: Protocol; readonly metrics: Protocol; readonly logs: Protocol };
  readonly logLevel: LogLevel;
  readonly isDiagnosed: boolean;
}

/** The names of all options. */
export const OPTION_NAMES: readonly string[] = [
  'service',
  'ignore',
  'traces',
  'metrics',
  'logs',
  'health',
  'shutdown',
  'heartbeat',
  'overload',
  'management',
  'breaker',
  'propagateTo',
  'deadline',
  'pools',
];

type Protocol = 'http/protobuf' | 'http/json';

const protocols: readonly Protocol[] = ['http/protobuf', 'http/json'];

/**
 * Completes and freezes what the user gave: code beats environment beats default.
 * @throws GoldenSignalsError `ERR_GS_OPTION` that names the option, the rule and the value given.
 */
export function resolveOptions(
  given: Options,
  variables: Readonly<Record<string, string | undefined>>,
  write: (line: string) => void,
): { config: Config; log: Log } {
  record('options', given, OPTION_NAMES);
  const {
    service = {},
    ignore,
    traces = {},
    metrics = {},
    logs = {},
    health = {},
    breaker = {},
    propagateTo,
  } = given;
  const { deadline, shutdown = {}, heartbeat = {}, overload } = given;
  const { management } = given;

  // The level decides what is said of the other variables, so it is read first.
  const quiet = createEnvironment(variables, () => {});
  const log = createLog(quiet.oneOf('OTEL_LOG_LEVEL', LOG_LEVELS, 'info'), write);
  const env = createEnvironment(variables, (message) => log.warnOnce(message, message));
  const logLevel = env.oneOf('OTEL_LOG_LEVEL', LOG_LEVELS, 'info');
  const isDisabled = env.flag('OTEL_SDK_DISABLED');

  const config: Config = Object.freeze({
    service: resolveService(service, env, (message) => log.warnOnce(message, message)),
    isIgnored: resolveIgnore(ignore),
    traces: traces === false || isDisabled ? undefined : resolveTraces(traces, env),
    metrics: metrics === false || isDisabled ? undefined : resolveMetrics(metrics, env),
    logs: logs === false ? undefined : resolveLogs(logs, env, isDisabled),
    health: health === false ? undefined : resolveHealth(health, env.text('NODE_ENV')),
    shutdown:
      shutdown === false
        ? undefined
        : resolveShutdown(shutdown, surroundingsIn(env), (message) => log.warnOnce(message, message)),
    heartbeat: heartbeat === false ? undefined : resolveHeartbeat(heartbeat),
    overload: resolveOverload(overload),
    management: management === undefined ? undefined : resolveManagement(management),
    breakerOf: resolveBreakers(breaker),
    isPropagatedTo: resolvePropagateTo(propagateTo),
    deadline: resolveDeadline(deadline),
    pools: resolvePools(given.pools, isDatabaseClient),
    propagators: env.list(
      'OTEL_PROPAGATORS',
      ['tracecontext', 'baggage', 'b3', 'b3multi', 'jaeger', 'none'],
      ['tracecontext', 'baggage'],
    ),
    protocols: {
      traces: protocolOf('TRACES', env),
      metrics: protocolOf('METRICS', env),
      logs: protocolOf('LOGS', env),
    },
    logLevel,
    isDiagnosed: env.text('OTEL_LOG_LEVEL') !== undefined,
  });
  const scrapePath = config.metrics?.prometheus?.path;
  if (scrapePath !== undefined && config.health?.probes.has(scrapePath))
    reject('metrics.prometheus.path', 'a path that no probe has', scrapePath);
  if (config.health?.maxStallMs !== undefined && config.management?.thread !== true)
    reject('health.live.maxStallMs', 'given together with management.thread', config.health.maxStallMs);
  return { config, log };
}

function surroundingsIn(env: Environment): Surroundings {
  const seconds = 'TERMINATION_GRACE_PERIOD_SECONDS';
  return {
    outside: outsideOf(env, systemFiles, process.ppid),
    gracePeriodS: env.text(seconds) === undefined ? undefined : env.integer(seconds, defaultGraceS),
  };
}

function protocolOf(signal: string, env: Environment): Protocol {
  const common = env.oneOf('OTEL_EXPORTER_OTLP_PROTOCOL', protocols, 'http/protobuf');
  return env.oneOf(`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`, protocols, common);
}

function resolveIgnore(ignore: Options['ignore']): Config['isIgnored'] {
  if (ignore === undefined) return undefined;
  if (typeof ignore === 'function') return ignore;
  if (!Array.isArray(ignore))
    reject('ignore', 'an array of paths and regular expressions, or a function', ignore);
  const exact = new Set<string>();
  const prefixes: string[] = [];
  const expressions: RegExp[] = [];
  for (const [index, rule] of ignore.entries()) {
    if (types.isRegExp(rule)) {
      // A global or sticky expression remembers where it stopped, and would then miss every other request.
      expressions.push(new RegExp(rule.source, rule.flags.replace(/[gy]/g, '')));
    } else if (typeof rule === 'string' && rule.startsWith('/')) {
      if (rule.endsWith('*')) prefixes.push(rule.slice(0, -1));
      else exact.add(rule);
    } else reject(`ignore[${index}]`, "a path that begins with '/' or a regular expression", rule);
  }
  if (ignore.length === 0) return undefined;
  return (req) => {
    // Behind express' own middleware, `url` is what its routers have left of it.
    const url = (req as { originalUrl?: string }).originalUrl ?? req.url ?? '';
    const question = url.indexOf('?');
    const path = question < 0 ? url : url.slice(0, question);
    return (
      exact.has(path) ||
      prefixes.some((prefix) => path.startsWith(prefix)) ||
      expressions.some((rule) => rule.test(path))
    );
  };
}
