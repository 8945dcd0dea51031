import type { Meter, Tracer } from '@opentelemetry/api';
import type { Breaker } from './breaker/breaker.js';
import type { BreakerOptions } from './breaker/options.js';
import type { Breakers } from './client/breakers.js';
import type { HealthHandle } from './health/handle.js';
import type { ManagementHandle } from './server/management.js';

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
  /** Exports what is waiting; settles when it has been tried, and never rejects. */
  flush(): Promise<void>;
  /** Stops taking requests' telemetry, exports what is waiting and closes the exporters. Idempotent, and never rejects. */
  shutdown(): Promise<void>;
}
