import type { Context, SpanContext } from '@opentelemetry/api';
import type { LogContent, LogEntry, LogScope } from '../context/log-entry.js';
import { isError } from '../core/is-error.js';
import { boundedText, type LogAttributes } from '../core/log-value.js';
import { hideCredentials } from '../health/secret-spans.js';
import { thrownText } from '../health/thrown-text.js';
import { PACKAGE, VERSION } from '../version.js';
import { spanOf } from './span-of.js';

const scope: LogScope = { name: PACKAGE, version: VERSION };
const ERROR = 17;
const maxMessageChars = 1_000;

/**
 * The exception that ended a request, as the HTTP conventions have it. The application did not choose to log it, so what looks like a
 * credential in its text is hidden. Read at once; never throws.
 * @see OpenTelemetry, "Semantic conventions for HTTP exceptions"
 */
export class ExceptionEntry implements LogEntry {
  readonly scope = scope;
  readonly eventName = 'http.server.request.exception';
  readonly severityNumber = ERROR;
  readonly severityText = 'ERROR';
  readonly spanContext: SpanContext | undefined;
  readonly observedMs: number;
  readonly #attributes: LogAttributes;

  constructor(thrown: unknown, context: Context, observedMs: number) {
    this.spanContext = spanOf(context);
    this.observedMs = observedMs;
    this.#attributes = attributesOf(thrown);
  }

  content(): LogContent {
    const attributes = { attributes: this.#attributes, dropped: 0 };
    return { timeMs: this.observedMs, body: undefined, attributes };
  }
}

function attributesOf(thrown: unknown): LogAttributes {
  const attributes: LogAttributes = { 'exception.type': typeOf(thrown) };
  const message = messageOf(thrown);
  if (message !== undefined) attributes['exception.message'] = message;
  if (isError(thrown)) attributes['exception.stacktrace'] = thrownText(thrown);
  return attributes;
}

function typeOf(thrown: unknown): string {
  try {
    if (!isError(thrown)) return typeof thrown;
    return boundedText(String(thrown.name || thrown.constructor.name), 256);
  } catch {
    return '_OTHER';
  }
}

function messageOf(thrown: unknown): string | undefined {
  try {
    const message: unknown = isError(thrown) ? thrown.message : thrown;
    return typeof message === 'string' ? hideCredentials(boundedText(message, maxMessageChars)) : undefined;
  } catch {
    return undefined;
  }
}
