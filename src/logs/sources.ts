import type { LogSink } from '../context/log-entry.js';
import type { Faults } from '../core/faults.js';
import { watchConsole } from './console-lines.js';
import { watchPino } from './pino-lines.js';
import { watchWinston } from './winston-info.js';

export interface LogSourceParts {
  /** Adds the ids of the active span to the lines of `console`. */
  readonly isCorrelated: boolean;
  /** Undefined where nothing is exported. */
  readonly emit: LogSink | undefined;
  readonly epochMs: () => number;
  readonly faults: Pick<Faults, 'caught'>;
}

// Loggers belong to the process: of several services in it, the first one that exports takes their lines.
const services: LogSourceParts[] = [];
let stop: () => void = () => {};

/** Takes the lines of the loggers of this process for a service, until what it gives back is called. */
export function watchLoggers(parts: LogSourceParts): () => void {
  services.push(parts);
  begin();
  return () => {
    const at = services.indexOf(parts);
    if (at < 0) return;
    services.splice(at, 1);
    begin();
  };
}

function begin(): void {
  stop();
  const exporting = services.find(({ emit }) => emit !== undefined);
  const isCorrelated = services.some((service) => service.isCorrelated);
  const { emit, epochMs, faults } = exporting ?? services[0] ?? {};
  const ends: (() => void)[] = [];
  stop = () => {
    for (const end of ends.splice(0)) end();
  };
  if (epochMs === undefined || faults === undefined) return;
  const onFault = faults.caught;
  if (emit !== undefined) {
    ends.push(watchPino(emit, epochMs, onFault), watchWinston(emit, epochMs, onFault));
  }
  if (emit === undefined && !isCorrelated) return;
  try {
    ends.push(watchConsole(console, { isCorrelated, emit, epochMs, onFault }));
  } catch (error) {
    // The console may be frozen; then its lines are not exported.
    faults.caught('logs.console', error);
  }
}
