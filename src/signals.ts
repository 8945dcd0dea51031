import type { Meter, Tracer } from '@opentelemetry/api';

/** What instrument() returns: the handle of one service in this process. */
export interface Signals {
  /** The OpenTelemetry tracer of this service. */
  readonly tracer: Tracer;
  /** The OpenTelemetry meter of this service. */
  readonly meter: Meter;
  /** Exports what is waiting; settles when it has been tried, and never rejects. */
  flush(): Promise<void>;
  /** Stops taking requests' telemetry, exports what is waiting and closes the exporters. Idempotent, and never rejects. */
  shutdown(): Promise<void>;
}
