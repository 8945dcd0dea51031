import { channel } from 'node:diagnostics_channel';
import type { SpanContext } from '@opentelemetry/api';
import type { LogContent, LogEntry, LogScope, LogSink } from '../context/log-entry.js';
import { activeContext } from '../context/storage.js';
import { isSuppressed } from '../context/suppressed.js';
import { takeChannel } from '../core/take-over.js';
import { contentOf, type LineNames, propertyOf } from './line-content.js';
import { spanIn, spanOf } from './span-of.js';

type Info = Readonly<Record<string | symbol, unknown>>;

// A transport may be made before or after the service, or without one: it publishes its lines on a channel.
const CHANNEL = 'golden-signals.winston';
const lines = channel(CHANNEL);

/** Publishes a line of winston, after its formats. */
export function publishInfo(info: Info): void {
  if (lines.hasSubscribers) lines.publish(info);
}

/** Subscribes to every line that our transports receive. */
export function watchWinston(
  emit: LogSink,
  epochMs: () => number,
  onFault: (place: string, error: unknown) => void,
): () => void {
  const onMessage = (message: unknown) => {
    try {
      const context = activeContext();
      if (!isSuppressed(context))
        // Under back-pressure winston hands a line on when another request is active.
        emit(new WinstonEntry(message as Info, spanIn(message as Info) ?? spanOf(context), epochMs()));
    } catch (error) {
      onFault('logs.winston', error);
    }
  };
  return takeChannel(CHANNEL, 'logs', onMessage);
}

const scope: LogScope = { name: 'winston' };
const own: ReadonlySet<string> = new Set(['level', 'splat']);
const levelKey = Symbol.for('level');

// npm's, syslog's and the words that people use.
const severities: Readonly<Record<string, number>> = {
  silly: 1,
  trace: 1,
  debug: 5,
  verbose: 6,
  http: 7,
  data: 8,
  info: 9,
  notice: 10,
  help: 10,
  warn: 13,
  warning: 13,
  error: 17,
  crit: 18,
  alert: 19,
  emerg: 21,
  fatal: 21,
};

/** Read at once: formats of other transports, and the application, may go on to change the object. */
class WinstonEntry implements LogEntry {
  readonly scope = scope;
  readonly eventName = undefined;
  readonly severityNumber: number | undefined;
  readonly severityText: string | undefined;
  readonly spanContext: SpanContext | undefined;
  readonly observedMs: number;
  readonly #content: LogContent;

  constructor(info: Info, spanContext: SpanContext | undefined, observedMs: number) {
    // A format such as colorize() changes `level`, and not what stands under the symbol.
    const level = propertyOf(info, levelKey) ?? propertyOf(info, 'level');
    this.severityText = typeof level === 'string' ? level : undefined;
    this.severityNumber = this.severityText === undefined ? undefined : severities[this.severityText];
    this.spanContext = spanContext;
    this.observedMs = observedMs;
    this.#content = contentOf(info, names, observedMs, (key) => own.has(key));
  }

  content(): LogContent {
    return this.#content;
  }
}

// winston spreads a logged error over the line: its stack beside its message.
const names: LineNames = { message: 'message', error: undefined, times: ['timestamp'] };
