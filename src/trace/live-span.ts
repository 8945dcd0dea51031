import type {
  Attributes,
  AttributeValue,
  Exception,
  HrTime,
  Link,
  Span,
  SpanContext,
  SpanKind,
  SpanStatus,
  TimeInput,
} from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace-base';
import type { Clock } from '../core/clock.js';
import { toEpochMs, toHrTime } from '../core/time.js';

/** What all spans of one service share. */
export interface SpanOrigin {
  readonly clock: Clock;
  readonly scope: InstrumentationScope;
  resource(): Resource;
  /** Takes the span when it has ended. Must not throw. */
  ended(span: LiveSpan): void;
}

/** Supplies the attributes that the seam itself knows, when the span is read. */
export interface AttributeSource {
  spanAttributes(): Attributes;
}

// OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT, OTEL_SPAN_EVENT_COUNT_LIMIT and OTEL_SPAN_LINK_COUNT_LIMIT have this default.
const countLimit = 128;

// SpanStatusCode of the API, whose enums are objects to load.
const UNSET = 0;
const OK = 1;
const unset: SpanStatus = Object.freeze({ code: UNSET });

/**
 * The span of a seam: what `trace.getActiveSpan()` gives in a handler, and what an exporter reads afterwards. It costs one
 * object and no map until a user adds something; the attributes of the seam are built once, when somebody reads them.
 */
export class LiveSpan implements Span, ReadableSpan {
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  readonly #context: SpanContext;
  readonly #origin: SpanOrigin;
  readonly #startMs: number;
  name: string;
  status: SpanStatus;
  #endMs: number;
  #source: AttributeSource | undefined;
  #built: Attributes | undefined;
  #given: Record<string, AttributeValue> | undefined;
  #givenCount: number;
  #events: TimedEvent[] | undefined;
  #links: Link[] | undefined;
  droppedAttributesCount: number;
  droppedEventsCount: number;
  droppedLinksCount: number;
  /** True once the user named the span himself: the seam then leaves the name alone. */
  isNamedByUser: boolean;

  constructor(
    origin: SpanOrigin,
    kind: SpanKind,
    name: string,
    context: SpanContext,
    parent: SpanContext | undefined,
    startMs: number,
    source: AttributeSource | undefined,
  ) {
    this.kind = kind;
    if (parent !== undefined) this.parentSpanContext = parent;
    this.#context = context;
    this.#origin = origin;
    this.#startMs = startMs;
    this.name = name;
    this.status = unset;
    this.#endMs = -1;
    this.#source = source;
    this.#built = undefined;
    this.#given = undefined;
    this.#givenCount = 0;
    this.#events = undefined;
    this.#links = undefined;
    this.droppedAttributesCount = 0;
    this.droppedEventsCount = 0;
    this.droppedLinksCount = 0;
    this.isNamedByUser = false;
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  isRecording(): boolean {
    return this.#endMs < 0;
  }

  get ended(): boolean {
    return this.#endMs >= 0;
  }

  setAttribute(key: string, value: AttributeValue | undefined): this {
    if (!this.isRecording() || key === '' || !isAttributeValue(value)) return this;
    this.#given ??= {};
    if (!Object.hasOwn(this.#given, key)) {
      if (this.#givenCount >= countLimit) {
        this.droppedAttributesCount += 1;
        return this;
      }
      this.#givenCount += 1;
    }
    this.#given[key] = value;
    this.#built = undefined;
    return this;
  }

  setAttributes(attributes: Attributes): this {
    for (const key of Object.keys(attributes)) this.setAttribute(key, attributes[key]);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (!this.isRecording()) return this;
    if ((this.#events?.length ?? 0) >= countLimit) {
      this.droppedEventsCount += 1;
      return this;
    }
    const isTime = isTimeInput(attributesOrTime);
    const at = isTime ? attributesOrTime : time;
    const event: TimedEvent = {
      name,
      time: toHrTime(at === undefined ? this.#origin.clock.epochMs() : this.#epochMsOf(at)),
      ...(isTime || attributesOrTime === undefined ? {} : { attributes: { ...attributesOrTime } }),
    };
    this.#events ??= [];
    this.#events.push(event);
    return this;
  }

  addLink(link: Link): this {
    if (!this.isRecording()) return this;
    this.#links ??= [];
    if (this.#links.length >= countLimit) this.droppedLinksCount += 1;
    else this.#links.push(link);
    return this;
  }

  addLinks(links: Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  setStatus(status: SpanStatus): this {
    // OpenTelemetry, "Set Status": unset is no status to set, and OK is final.
    if (!this.isRecording() || status.code === UNSET || this.status.code === OK) return this;
    this.status = { ...status };
    return this;
  }

  updateName(name: string): this {
    if (!this.isRecording()) return this;
    this.name = name;
    this.isNamedByUser = true;
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    const attributes: Attributes = {};
    if (typeof exception === 'string') attributes['exception.message'] = exception;
    else if (exception) {
      if (exception.code !== undefined) attributes['exception.type'] = String(exception.code);
      else if (exception.name) attributes['exception.type'] = exception.name;
      if (exception.message) attributes['exception.message'] = exception.message;
      if (exception.stack) attributes['exception.stacktrace'] = exception.stack;
    }
    this.addEvent('exception', attributes, time);
  }

  end(endTime?: TimeInput): void {
    if (!this.isRecording()) return;
    this.endAt(endTime === undefined ? this.#origin.clock.now() : this.#monotonicOf(endTime));
  }

  /** Ends the span at a monotonic time that the seam has already read. */
  endAt(endMs: number): void {
    if (!this.isRecording()) return;
    // Read now: the seam's source holds the request and its socket, which a queue must not keep alive.
    if (this.#source !== undefined) {
      this.#built = this.#build();
      this.#source = undefined;
    }
    this.#endMs = Math.max(endMs, this.#startMs);
    this.#origin.ended(this);
  }

  get attributes(): Attributes {
    this.#built ??= this.#build();
    return this.#built;
  }

  get startTime(): HrTime {
    return toHrTime(this.#origin.clock.epochMs(this.#startMs));
  }

  get endTime(): HrTime {
    return toHrTime(this.#origin.clock.epochMs(this.ended ? this.#endMs : this.#startMs));
  }

  get duration(): HrTime {
    return toHrTime(this.ended ? this.#endMs - this.#startMs : 0);
  }

  get resource(): Resource {
    return this.#origin.resource();
  }

  get instrumentationScope(): InstrumentationScope {
    return this.#origin.scope;
  }

  get events(): TimedEvent[] {
    return this.#events ?? [];
  }

  get links(): Link[] {
    return this.#links ?? [];
  }

  // What a user set wins over what the seam says.
  #build(): Attributes {
    const own = this.#source?.spanAttributes();
    if (own === undefined) return this.#given ?? {};
    if (this.#given === undefined) return own;
    // What is frozen is shared with other spans of its kind.
    return Object.isFrozen(own) ? { ...own, ...this.#given } : Object.assign(own, this.#given);
  }

  #epochMsOf(time: TimeInput): number {
    return toEpochMs(time, (at) => this.#origin.clock.epochMs(at));
  }

  #monotonicOf(time: TimeInput): number {
    const { clock } = this.#origin;
    return this.#epochMsOf(time) - (clock.epochMs() - clock.now());
  }
}

/** What is none would not fail here but in the export, and take the other spans of its batch along. */
function isAttributeValue(value: unknown): value is AttributeValue {
  if (Array.isArray(value))
    return value.every((item) => item === undefined || item === null || isPrimitive(item));
  return isPrimitive(value);
}

function isPrimitive(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function isTimeInput(value: unknown): value is TimeInput {
  return typeof value === 'number' || value instanceof Date || Array.isArray(value);
}
