import type { Context } from '@opentelemetry/api';
import type { LogSink } from '../context/log-entry.js';
import type { Clock } from '../core/clock.js';
import type { Faults } from '../core/faults.js';
import { ExceptionEntry } from '../logs/exception.js';
import type { LogConfig } from '../logs/options.js';
import { correlatePino } from '../logs/pino-correlation.js';
import { watchLoggers } from '../logs/sources.js';
import { loggerOf, watchExceptions } from '../server/frameworks/watch-exceptions.js';

export interface ServiceLogsParts {
  readonly config: LogConfig | undefined;
  readonly emit: LogSink | undefined;
  readonly clock: Clock;
  readonly faults: Faults;
}

/** The log lines of a service: which carry its trace ids, and which leave it. */
export interface ServiceLogs {
  /** Undefined where exceptions are not exported. */
  readonly onException: ((thrown: unknown, context: Context) => void) | undefined;
  /** Takes in an application: its own logger, and what its handlers throw. */
  bind(app: unknown): void;
  /** Leaves the loggers of the process alone again. */
  close(): void;
}

/** Watches the loggers of the process as far as the options ask for it; without them there is nothing here that a request would meet. */
export function createServiceLogs({ config, emit, clock, faults }: ServiceLogsParts): ServiceLogs {
  const isCorrelated = config?.isCorrelated === true;
  if (!isCorrelated && emit === undefined) return { onException: undefined, bind() {}, close() {} };
  const close = watchLoggers({ isCorrelated, emit, epochMs: () => clock.epochMs(), faults });
  return {
    onException: emit && ((thrown, context) => emit(new ExceptionEntry(thrown, context, clock.epochMs()))),
    bind(app) {
      try {
        if (isCorrelated) correlatePino(loggerOf(app));
        if (emit !== undefined) watchExceptions(app);
      } catch (error) {
        faults.caught('logs.bind', error);
      }
    },
    close,
  };
}
