import type { Options } from './service/options.js';
import { sharedRegistry } from './service/registry.js';
import type { Signals } from './service/signals.js';

export type { Breaker } from './breaker/breaker.js';
export { CircuitOpenError, isCircuitOpenError } from './breaker/circuit-open-error.js';
export type { BreakerOptions } from './breaker/options.js';
export type { Breakers } from './client/breakers.js';
export type { PropagateTo, UpstreamBreakerOptions } from './client/options.js';
export { type TraceFields, traceFields } from './context/trace-fields.js';
export { ERROR_CODES, type ErrorCode, GoldenSignalsError, isGoldenSignalsError } from './errors.js';
export type { CheckFunction, CheckOptions } from './health/check-options.js';
export type { Entry } from './health/entry.js';
export type { HealthHandle } from './health/handle.js';
export type { Heart } from './health/heartbeats.js';
export type { HealthOptions, StartupTask } from './health/options.js';
export type { OverloadOptions } from './health/overload-options.js';
export type { ProbeReason } from './health/probe.js';
export type { Report } from './health/report.js';
export type { HealthState } from './health/state.js';
export type { Status } from './health/status.js';
export type { WatchOptions } from './health/watch-options.js';
export type { LogOptions } from './logs/options.js';
export type { ManagementHandle } from './management/management.js';
export type { ManagementOptions } from './management/options.js';
export type { MetricReader, MetricSource } from './metrics/metric-reader.js';
export type { MetricOptions } from './metrics/options.js';
export type { Pool, PoolOptions, PoolStats, StatsPool } from './pools/options.js';
export type { Beat, BeatKind, HeartbeatOptions } from './process/heartbeat-options.js';
export type { ShutdownHook, ShutdownOptions } from './process/shutdown-options.js';
export type { DeadlineOptions } from './server/request-signal.js';
export type { ServiceOptions } from './service/identity.js';
export type { Options } from './service/options.js';
export type { HeartbeatHandle, HeartbeatsHandle, Signals } from './service/signals.js';
export type { KeepOptions } from './trace/keep-options.js';
export type { Edge, TraceOptions } from './trace/options.js';
export type { EndedSpan, SpanProcessor } from './trace/span-processor.js';

/**
 * Makes a service legible: every request that the application answers carries W3C trace context and is measured.
 *
 * Call it before or after routes, before or after listen(), in any import order. The same application gives the same handle, also
 * from a second installed copy of the package. Without an application it is for workers and scripts. Without options a further
 * application joins the service that is already there; other options for one that is known are named in a warning, and not taken.
 * Options alone, `instrument({ service: 'worker' })`, are understood, too.
 *
 * @param app an express, fastify, Koa, Hono or NestJS application, an http, https or http2 server, or nothing
 * @throws GoldenSignalsError `ERR_GS_APP` for anything else, `ERR_GS_OPTION` for an option that is unknown or out of range
 */
export function instrument(app?: unknown, options?: Options): Signals {
  return sharedRegistry().instrument(app, options);
}
