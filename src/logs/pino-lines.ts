import type { SpanContext } from '@opentelemetry/api';
import type { LogContent, LogEntry, LogScope, LogSink } from '../context/log-entry.js';
import { activeContext } from '../context/storage.js';
import { isSuppressed } from '../context/suppressed.js';
import { boundedText } from '../core/log-value.js';
import { takeChannel } from '../core/take-over.js';
import { contentOf, type LineNames, parseLine } from './line-content.js';
import { pinoSymbol } from './pino-symbols.js';
import { spanOf } from './span-of.js';

/** What is read of pino's message about a line that it has made. */
interface PinoLine {
  readonly instance: object & { readonly levels?: { readonly labels?: Readonly<Record<number, string>> } };
  readonly arguments: { readonly 2?: unknown };
  readonly result?: unknown;
}

const scope: LogScope = { name: 'pino' };
const own: ReadonlySet<string> = new Set(['level', 'v']);

/** Longer lines are read at once: what waits in the queue must not be more than a record may hold. */
const maxKeptChars = 65_536;

/**
 * Subscribes to the channel on which pino 9.10 and later publishes every line of every logger, fastify's included. The exported text is
 * the printed one: after the level, the serializers and the redaction of the logger.
 */
export function watchPino(
  emit: LogSink,
  epochMs: () => number,
  onFault: (place: string, error: unknown) => void,
): () => void {
  const onMessage = (message: unknown) => {
    // A throw here would come out of the application's call of the logger.
    try {
      const { instance, arguments: given, result } = message as PinoLine;
      const context = activeContext();
      if (typeof result !== 'string' || isSuppressed(context)) return;
      const level = given[2];
      const label = typeof level === 'number' ? instance.levels?.labels?.[level] : undefined;
      emit(new PinoEntry(result, level, label, namesOf(instance), spanOf(context), epochMs()));
    } catch (error) {
      onFault('logs.pino', error);
    }
  };
  return takeChannel('tracing:pino_asJson:end', 'logs', onMessage);
}

const times = ['time', 'timestamp'];
const usualNames: LineNames = { message: 'msg', error: 'err', times };

function namesOf(instance: object): LineNames {
  const message = pinoSymbol(instance, 'messageKey');
  const error = pinoSymbol(instance, 'errorKey');
  if (message === usualNames.message && error === usualNames.error) return usualNames;
  return {
    message: typeof message === 'string' ? message : usualNames.message,
    error: typeof error === 'string' ? error : usualNames.error,
    times,
  };
}

class PinoEntry implements LogEntry {
  readonly scope = scope;
  readonly eventName = undefined;
  readonly severityNumber: number | undefined;
  readonly severityText: string | undefined;
  readonly spanContext: SpanContext | undefined;
  readonly observedMs: number;
  readonly #names: LineNames;
  #line: string;
  #content: LogContent | undefined;

  constructor(
    line: string,
    level: unknown,
    label: string | undefined,
    names: LineNames,
    spanContext: SpanContext | undefined,
    observedMs: number,
  ) {
    this.severityNumber = typeof level === 'number' ? severityOf(level) : undefined;
    this.severityText = label;
    this.spanContext = spanContext;
    this.observedMs = observedMs;
    this.#names = names;
    this.#line = line;
    this.#content = undefined;
    if (line.length > maxKeptChars) {
      this.#content = this.#read();
      this.#line = '';
    }
  }

  content(): LogContent {
    this.#content ??= this.#read();
    return this.#content;
  }

  #read(): LogContent {
    const fields = parseLine(this.#line);
    if (fields !== undefined) return contentOf(fields, this.#names, this.observedMs, (key) => own.has(key));
    const body = boundedText(this.#line.trimEnd());
    return { timeMs: undefined, body, attributes: { attributes: {}, dropped: 0 } };
  }
}

/** pino counts in tens from trace, 10, to fatal, 60; OpenTelemetry in fours from 1 to 24. */
function severityOf(level: number): number {
  const ten = Math.min(6, Math.max(1, Math.floor(level / 10)));
  const within = Math.min(3, Math.max(0, Math.floor((level - ten * 10) / 2.5)));
  return (ten - 1) * 4 + 1 + within;
}
