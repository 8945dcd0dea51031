import type { Meter, Tracer } from '@opentelemetry/api';
import type { Breaker } from '../breaker/breaker.js';
import type { BreakerOptions } from '../breaker/options.js';
import type { Breakers } from '../client/breakers.js';
import type { HealthHandle } from '../health/handle.js';
import type { Heart } from '../health/heartbeats.js';
import type { WatchOptions } from '../health/watch-options.js';
import type { ManagementHandle } from '../management/management.js';
import type { Pool } from '../pools/options.js';

/** What instrument() returns: the handle of one service in this process. */
export interface Signals {
  /** The OpenTelemetry tracer of this service. */
  readonly tracer: Tracer;
  /** The OpenTelemetry meter of this service. */
  readonly meter: Meter;
  /** What the probes say, and the application's own part in it. */
  readonly health: HealthHandle;
  /** The management port, if there is one. */
  readonly management: ManagementHandle | undefined;
  /** The circuit breakers: one for each upstream that was called, named `host:port`, and those made with {@link Signals.breaker}. */
  readonly breakers: Breakers;
  /**
   * The circuit breaker of this name, for anything that is not HTTP; the options count when it is first asked for.
   * @throws GoldenSignalsError `ERR_GS_OPTION`, or `ERR_GS_MISUSE` past 1,000 names
   */
  breaker(name: string, options?: BreakerOptions): Breaker;
  /**
   * The signal of the request being served, to stop work whose result is not needed any more: `fetch(url, { signal: signals.signal() })`.
   * It is aborted when the caller closes the connection before the response is complete (reason `ERR_CALLER_GONE`), or when the deadline
   * that the caller set has passed (`ERR_DEADLINE_EXCEEDED`). It is never aborted after the response has ended, outside of a request, or
   * within one that is ignored.
   */
  signal(): AbortSignal;
  /** The beats that this service sends. */
  readonly heartbeat: HeartbeatHandle;
  /** The beats that this service waits for. */
  readonly heartbeats: HeartbeatsHandle;
  /**
   * Observes a pool of connections, or one client, under a name: how full it is, who waits for it, and what is asked through it. The
   * same pool again changes nothing; a pool that is ended is let go. See docs/databases.md for what is taken.
   * @throws GoldenSignalsError `ERR_GS_OPTION` for anything else, `ERR_GS_MISUSE` past 1,000 pools
   */
  pool(name: string, pool: Pool): void;
  /** Exports what is waiting; settles when it has been tried, and never rejects. */
  flush(): Promise<void>;
  /**
   * Ends the service in order: readiness says no, servers accept no new connections and close, requests under way end, hooks run, and
   * what is waiting is exported last. Never longer than its budget. Idempotent, never rejects, and never ends the process; with
   * `shutdown: false` the servers are left alone. A request that awaits it is one that it waits for.
   */
  shutdown(): Promise<void>;
}

/** The same for parts of this library, which may wait for a shorter time. */
export interface BoundedSignals extends Signals {
  /** As {@link Signals.flush}, for at most `boundMs`. */
  flush(boundMs?: number): Promise<void>;
}

/** The application's part in the beats that its service sends. */
export interface HeartbeatHandle {
  /** Says that the work goes on; with `heartbeat.progressWindowMs` there are no beats without it. */
  progress(): void;
}

/** Others that say they are alive, each with an entry `name:heartbeat` in the health report. */
export interface HeartbeatsHandle {
  /**
   * Begins to watch; a name that is watched already keeps its options. A service that was blocked itself does not hold that against others.
   * @throws GoldenSignalsError `ERR_GS_OPTION` for a wrong option, `ERR_GS_MISUSE` past 1,000 names
   */
  watch(name: string, options: WatchOptions): Heart;
  /** Ends a watch; false if no watch has that name. */
  unwatch(name: string): boolean;
}
