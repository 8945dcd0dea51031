import { format } from 'node:util';
import type { SpanContext } from '@opentelemetry/api';
import type { LogContent, LogEntry, LogScope, LogSink } from '../context/log-entry.js';
import { activeContext } from '../context/storage.js';
import { isSuppressed } from '../context/suppressed.js';
import { boundedText } from '../core/log-value.js';
import { contentOf, parseLine } from './line-content.js';
import { spanOf } from './span-of.js';

/** A method that writes a line, and the severity that it means. */
const severities = { debug: 5, log: 9, info: 9, warn: 13, error: 17 } as const;
type Method = keyof typeof severities;
const methods = Object.keys(severities) as Method[];

type Write = (this: unknown, ...args: unknown[]) => void;

export interface ConsoleParts {
  /** Adds the ids of the active span to each line. */
  readonly isCorrelated: boolean;
  /** Undefined where no record is to be made of a line. */
  readonly emit: LogSink | undefined;
  readonly epochMs: () => number;
  readonly onFault: (place: string, error: unknown) => void;
}

/**
 * Wraps the methods of `console` that write a line; gives back how to undo that. What a user passes is never changed, and a line
 * outside of any span is written as it is.
 */
export function watchConsole(target: Console, parts: ConsoleParts): () => void {
  let isOn = true;
  // What an argument's own code writes while its line is read belongs to that line.
  let isReading = false;
  const undo = methods.map((method) => {
    const write: Write = target[method];
    const wrapped: Write = function (...args) {
      if (!isOn || isReading || args.length === 0) return write.apply(this, args);
      let shown = args;
      try {
        isReading = true;
        shown = observe(method, args, parts);
      } catch (error) {
        parts.onFault('logs.console', error);
      } finally {
        isReading = false;
      }
      write.apply(this, shown);
    };
    target[method] = wrapped;
    return () => {
      // Other code may have wrapped it since: then our wrapper stays beneath, and passes everything on.
      if (target[method] === wrapped) target[method] = write;
    };
  });
  return () => {
    isOn = false;
    for (const one of undo) one();
  };
}

function observe(method: Method, args: unknown[], parts: ConsoleParts): unknown[] {
  const context = activeContext();
  if (isSuppressed(context)) return args;
  const span = spanOf(context);
  const { emit, isCorrelated, epochMs } = parts;
  if (emit !== undefined) emit(new ConsoleEntry(method, boundedLine(args), span, epochMs()));
  return isCorrelated && span !== undefined ? withIds(args, span) : args;
}

/** The arguments of a line that carries the ids: a field each in a line of JSON, else at its end. */
function withIds(args: unknown[], { traceId, spanId, traceFlags }: SpanContext): unknown[] {
  const [first] = args;
  const flags = traceFlags.toString(16).padStart(2, '0');
  const words = `trace_id=${traceId} span_id=${spanId} trace_flags=${flags}`;
  if (typeof first !== 'string') return [...args, words];
  if (/\btrace_id\b/.test(first)) return args;
  if (args.length === 1) {
    const json = intoJson(first, `"trace_id":"${traceId}","span_id":"${spanId}","trace_flags":"${flags}"`);
    return [json ?? `${first} ${words}`];
  }
  // A placeholder too many would take the ids for its value.
  return first.includes('%') ? [`${format(...args)} ${words}`] : [...args, words];
}

/** A line of JSON with more fields; undefined for any other text. Its own fields keep their text, and so the digits of their numbers. */
function intoJson(line: string, fields: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  const end = line.trimEnd();
  if (!end.endsWith('}') || parseLine(end) === undefined) return undefined;
  const open = end.slice(0, -1);
  const comma = open.trimEnd() === '{' ? '' : ',';
  return `${open}${comma}${fields}}${line.slice(end.length)}`;
}

const maxLineChars = 65_536;

function boundedLine(args: unknown[]): string {
  const [first] = args;
  const line = args.length === 1 && typeof first === 'string' ? first : format(...args);
  return boundedText(line, maxLineChars);
}

const scope: LogScope = { name: 'console' };
const times = ['time', 'timestamp'];
const own: ReadonlySet<string> = new Set(['level', 'severity']);

class ConsoleEntry implements LogEntry {
  readonly scope = scope;
  readonly eventName = undefined;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly spanContext: SpanContext | undefined;
  readonly observedMs: number;
  readonly #line: string;

  constructor(method: Method, line: string, spanContext: SpanContext | undefined, observedMs: number) {
    this.severityNumber = severities[method];
    this.severityText = method === 'log' ? 'info' : method;
    this.spanContext = spanContext;
    this.observedMs = observedMs;
    this.#line = line;
  }

  content(): LogContent {
    const fields = parseLine(this.#line);
    const message = fields === undefined ? undefined : 'message' in fields ? 'message' : 'msg';
    if (fields !== undefined && message !== undefined && message in fields)
      return contentOf(fields, { message, error: 'err', times }, this.observedMs, (key) => own.has(key));
    return {
      timeMs: undefined,
      body: boundedText(this.#line),
      attributes: { attributes: {}, dropped: 0 },
    };
  }
}
