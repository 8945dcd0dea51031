import { Writable } from 'node:stream';
import { traceFields } from './context/trace-fields.js';
import { isError } from './core/is-error.js';
import { publishInfo } from './logs/winston-info.js';

/** A line of winston's on its way through formats. */
interface Info {
  level: string;
  message: unknown;
  [key: string | symbol]: unknown;
}

/** What is read of a winston logger; winston leaves its level to the transports. */
interface Logger {
  readonly levels?: Readonly<Record<string, number>>;
  readonly level?: string;
  write?: unknown;
}

/** What winston takes for a format. */
export interface TraceFormat {
  transform(info: Info): Info;
}

export interface LogTransportOptions {
  /** The least severe level that is exported, by the levels of the logger. @default the logger's own level */
  readonly level?: string;
}

/** What a line was written with, for one that is formatted later: winston queues lines while a transport is busy. */
const written = new WeakMap<object, object>();
const watched = new WeakSet<object>();
const levelKey = Symbol.for('level');

/**
 * A winston format that adds `trace_id`, `span_id` and `trace_flags` of the active span to a line: `format.combine(traceFormat(),
 * format.json())`. Outside of a span the line stays as it is, as does one that has a `trace_id` of its own.
 */
export function traceFormat(): TraceFormat {
  return {
    transform(info) {
      if (info.trace_id !== undefined) return info;
      // An Error that was logged by itself is the application's, and is left alone.
      const fields = written.get(info) ?? traceFields();
      return isError(info)
        ? Object.assign(Object.create(info) as Info, info, fields)
        : { ...info, ...fields };
    },
  };
}

/**
 * A winston transport that hands each line, as the logger's formats have left it, to the service that exports logs
 * (`logs: { export: true }`): `transports: [new transports.Console(), logTransport()]`. Without such a service it does nothing.
 */
export function logTransport(options: LogTransportOptions = {}): Writable {
  return new LogTransport(options);
}

class LogTransport extends Writable {
  readonly name = 'golden-signals';
  readonly level: string | undefined;
  silent = false;
  #logger: Logger | undefined;

  constructor({ level }: LogTransportOptions) {
    super({ objectMode: true, decodeStrings: false });
    this.level = level;
    this.on('pipe', (logger: Logger) => {
      this.#logger = logger;
      noteContexts(logger);
    });
  }

  log(info: Info, next: () => void): void {
    if (!this.silent && this.#isWanted(info)) publishInfo(info);
    next();
  }

  override _write(info: Info, _encoding: string, done: () => void): void {
    this.log(info, done);
  }

  #isWanted(info: Info): boolean {
    const { levels, level } = this.#logger ?? {};
    const at = levels?.[String(info[levelKey] ?? info.level)];
    const least = levels?.[this.level ?? level ?? ''];
    return at === undefined || least === undefined || at <= least;
  }
}

/** Keeps the ids of each line from the moment at which it is written, for {@link traceFormat}. */
function noteContexts(logger: Logger): void {
  if (watched.has(logger) || typeof logger.write !== 'function') return;
  watched.add(logger);
  const write = logger.write as (...args: unknown[]) => unknown;
  logger.write = function (this: unknown, ...args: unknown[]) {
    const [info] = args;
    if (typeof info === 'object' && info !== null) written.set(info, traceFields());
    return write.apply(this, args);
  };
}
