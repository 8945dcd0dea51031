import type { AttributeValue, HrTime, Link, SpanContext, SpanKind } from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace';
import type { Clock } from '../core/clock.js';
import type { TracedCall } from '../trace/call-tracing.js';
import { LiveSpan, type SpanOrigin } from '../trace/live-span.js';
import type { AttributeSink, SharedAttributes } from '../trace/shared-attributes.js';
import type { Batch } from './batch.js';
import { writeAttribute, writeAttributes, writeJoined, writeResource, writeScope } from './otlp-common.js';
import { ProtobufWriter } from './protobuf-writer.js';

// What the first batch is expected to take, and what stands before its spans.
const firstBytes = 4_096;
const firstHeadBytes = 512;
// What is set apart for the next batch is no more, whatever the last one took.
const maxExpectedBytes = 1_048_576;
// What the resources and scopes take that stand between the spans of several.
const spareBytes = 4_096;
// Spans that are written in one go. Code that runs once in each request comes from memory anew each time: bench/RESULTS.md.
const writtenTogether = 16;

// opentelemetry/proto/trace/v1/trace.proto, SpanFlags.
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** An ExportTraceServiceRequest. */
export interface SpanRequest {
  readonly bytes: Uint8Array;
  /** How many spans it holds. */
  readonly count: number;
}

/** Spans of one resource and scope. */
class Group {
  /** Whether they are those of this library, which are all of one resource and scope. */
  readonly isOwn: boolean;
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
  readonly writer: ProtobufWriter;
  readonly attributes: AttributeWriter;

  constructor(isOwn: boolean, resource: Resource, scope: InstrumentationScope, writer: ProtobufWriter) {
    this.isOwn = isOwn;
    this.resource = resource;
    this.scope = scope;
    this.writer = writer;
    this.attributes = new AttributeWriter(writer);
  }

  isOf(span: ReadableSpan): boolean {
    if (span instanceof LiveSpan) return this.isOwn;
    return !this.isOwn && this.scope === span.instrumentationScope && this.resource === span.resource;
  }
}

/** Writes the attributes of a call. */
class AttributeWriter implements AttributeSink {
  readonly #writer: ProtobufWriter;

  constructor(writer: ProtobufWriter) {
    this.#writer = writer;
  }

  attribute(key: string, value: AttributeValue): void {
    writeAttribute(this.#writer, attributesField, key, value);
  }

  joined(key: string, head: string, tail: string): void {
    writeJoined(this.#writer, attributesField, key, head, tail);
  }
}

/**
 * Makes batches of spans in OTLP, byte for byte as the official serializer does, which visits every span twice and makes an array for each
 * id. Serialization is the only cost that grows with every span, so it has an implementation of its own. Spans are written into the request
 * soon after they have ended: they do not wait for an export as objects, which each garbage collection would copy. A call whose span was
 * never needed is written as that span, without making it.
 * @see opentelemetry/proto/collector/trace/v1/trace_service.proto
 */
export function createSpanBatches(own: OwnSpans): () => Batch<ReadableSpan | TracedCall, SpanRequest> {
  const expected: Expected = { bytes: firstBytes, headBytes: firstHeadBytes };
  return () => new SpanBatch(own, expected);
}

/** What all spans of this library's own have in common. */
type OwnSpans = Omit<SpanOrigin, 'ended'>;

/** What a batch will take, by the one before it. */
interface Expected {
  bytes: number;
  headBytes: number;
}

class SpanBatch implements Batch<ReadableSpan | TracedCall, SpanRequest> {
  readonly #own: OwnSpans;
  readonly #expected: Expected;
  readonly #groups: Group[] = [];
  readonly #waiting = new Array<ReadableSpan | undefined>(writtenTogether).fill(undefined);
  #waitingCount = 0;
  #last: Group | undefined;
  size = 0;
  failed = 0;

  constructor(own: OwnSpans, expected: Expected) {
    this.#own = own;
    this.#expected = expected;
  }

  add(span: ReadableSpan | TracedCall): void {
    this.size += 1;
    if (!isSpan(span)) {
      // It holds its context, and with it a request, which must not wait here.
      this.#writeCall(span);
      return;
    }
    this.#waiting[this.#waitingCount] = span;
    this.#waitingCount += 1;
    if (this.#waitingCount === writtenTogether) this.#writeWaiting();
  }

  take(): SpanRequest {
    this.#writeWaiting();
    const bytes = this.#groups.length === 1 ? this.#close(this.#groups[0] as Group) : joined(this.#groups);
    this.#expected.bytes = Math.min(Math.max(bytes.length, firstBytes), maxExpectedBytes);
    return { bytes, count: this.size - this.failed };
  }

  #writeWaiting(): void {
    const waiting = this.#waiting;
    for (let index = 0; index < this.#waitingCount; index += 1) {
      this.#write(waiting[index] as ReadableSpan);
      waiting[index] = undefined;
    }
    this.#waitingCount = 0;
  }

  #write(span: ReadableSpan): void {
    // Nearly all are of the same origin as the one before.
    if (this.#last?.isOf(span) !== true) this.#last = this.#groupOf(span);
    const { writer } = this.#last;
    const start = writer.length;
    try {
      writeSpan(writer, span);
    } catch {
      this.#giveUp(writer, start);
    }
  }

  #writeCall(call: TracedCall): void {
    if (this.#last?.isOwn !== true) this.#last = this.#ownGroup();
    const { writer, attributes } = this.#last;
    const start = writer.length;
    try {
      writeCall(writer, call, this.#own.clock, attributes);
    } catch {
      this.#giveUp(writer, start);
    }
  }

  /** For a span that cannot be read, such as one with a broken trace state of the application: only that span is lost. */
  #giveUp(writer: ProtobufWriter, start: number): void {
    writer.rewind(start);
    this.failed += 1;
  }

  /** Writes what stands around the spans of the only group, where they are. */
  #close({ resource, scope, writer }: Group): Uint8Array {
    if (scope.schemaUrl) writer.text(3, scope.schemaUrl);
    const described = written((head) => writeScope(head, scope));
    const scopedBytes = described.length + writer.length;
    if (resource.schemaUrl) writer.text(3, resource.schemaUrl);
    const head = written((start) => {
      const scoped = written((inner) => {
        writeResource(inner, resource);
        inner.message(2, scopedBytes);
        inner.fields(described);
      });
      start.message(1, scoped.length + writer.length);
      start.fields(scoped);
    });
    this.#expected.headBytes = head.length;
    return writer.finishBehind(head);
  }

  #groupOf(span: ReadableSpan): Group {
    if (span instanceof LiveSpan) return this.#ownGroup();
    const known = this.#groups.find((group) => group.isOf(span));
    return known ?? this.#addGroup(false, span.resource, span.instrumentationScope);
  }

  #ownGroup(): Group {
    const known = this.#groups.find(({ isOwn }) => isOwn);
    return known ?? this.#addGroup(true, this.#own.resource(), this.#own.scope);
  }

  #addGroup(isOwn: boolean, resource: Resource, scope: InstrumentationScope): Group {
    const { bytes, headBytes } = this.#expected;
    const isFirst = this.#groups.length === 0;
    const writer = new ProtobufWriter(isFirst ? bytes : firstBytes, isFirst ? headBytes : 0);
    const group = new Group(isOwn, resource, scope, writer);
    this.#groups.push(group);
    return group;
  }
}

/** The spans of several resources or scopes, copied together. */
function joined(groups: readonly Group[]): Uint8Array {
  const request = new ProtobufWriter(groups.reduce((sum, { writer }) => sum + writer.length, spareBytes));
  for (const [resource, scopes] of byResource(groups)) writeResourceSpans(request, resource, scopes);
  return request.finish();
}

function byResource(groups: readonly Group[]): Map<Resource, Group[]> {
  const found = new Map<Resource, Group[]>();
  for (const group of groups) {
    const { resource } = group;
    const scopes = found.get(resource);
    if (scopes === undefined) found.set(resource, [group]);
    else scopes.push(group);
  }
  return found;
}

// How many bytes the lengths of long messages take, so that they need not be moved.
const lengthOfAll = 3;
const lengthOfSpan = 2;
const attributesField = 9;

function writeResourceSpans(writer: ProtobufWriter, resource: Resource, scopes: readonly Group[]): void {
  const all = writer.open(1, lengthOfAll);
  writeResource(writer, resource);
  for (const { scope, writer: spans } of scopes) {
    const scoped = writer.open(2, lengthOfAll);
    writeScope(writer, scope);
    writer.fields(spans.finish());
    if (scope.schemaUrl) writer.text(3, scope.schemaUrl);
    writer.close(scoped, lengthOfAll);
  }
  if (resource.schemaUrl) writer.text(3, resource.schemaUrl);
  writer.close(all, lengthOfAll);
}

function isSpan(span: ReadableSpan | TracedCall): span is ReadableSpan {
  return typeof span.spanContext === 'function';
}

function writeCall(
  writer: ProtobufWriter,
  call: TracedCall,
  clock: Clock,
  attributes: AttributeWriter,
): void {
  const { parent, startMs, endMs } = call;
  const context = call.spanContext as SpanContext;
  const start = writer.open(2, lengthOfSpan);
  writeHead(writer, context, parent, call.spanName, call.spanKind);
  writer.epochMs(7, clock.epochMs(startMs));
  writer.epochMs(8, clock.epochMs(Math.max(endMs, startMs)));
  const shared = call.sharedAttributes();
  if (shared !== undefined) writer.fields(encodedOf(shared));
  call.describeOwn(attributes);
  const flags = flagsOf(context.traceFlags, parent?.isRemote);
  if (call.errorType === undefined) writer.fields(plainRest(flags));
  else writeRest(writer, failedRest, flags);
  writer.close(start, lengthOfSpan);
}

function writeHead(
  writer: ProtobufWriter,
  context: SpanContext,
  parent: SpanContext | undefined,
  name: string,
  kind: SpanKind,
): void {
  writeIds(writer, context);
  if (parent?.spanId) writer.hex(4, parent.spanId);
  writer.text(5, name);
  // In the protocol 0 is "unspecified", which the API does not know.
  writer.uint32(6, kind + 1);
}

function writeSpan(writer: ProtobufWriter, span: ReadableSpan): void {
  const start = writer.open(2, lengthOfSpan);
  const context = span.spanContext();
  const { parentSpanContext: parent } = span;
  writeHead(writer, context, parent, String(span.name), span.kind);
  if (span instanceof LiveSpan) {
    writer.epochMs(7, span.startEpochMs);
    writer.epochMs(8, span.endEpochMs);
  } else {
    writeTime(writer, 7, span.startTime);
    writeTime(writer, 8, span.endTime);
  }
  if (span instanceof LiveSpan) {
    const shared = span.sharedPart;
    if (shared !== undefined) writer.fields(encodedOf(shared));
    writeAttributes(writer, attributesField, span.ownPart);
  } else writeAttributes(writer, attributesField, span.attributes);
  const flags = flagsOf(context.traceFlags, parent?.isRemote);
  if (span instanceof LiveSpan && span.isPlain) writer.fields(plainRest(flags));
  else writeRest(writer, span, flags);
  writer.close(start, lengthOfSpan);
}

/** What comes after the attributes. */
function writeRest(writer: ProtobufWriter, span: Rest, flags: number): void {
  const { status } = span;
  writer.uint32(10, span.droppedAttributesCount);
  for (const event of span.events) writeEvent(writer, event);
  writer.uint32(12, span.droppedEventsCount);
  for (const link of span.links) writeLink(writer, link);
  writer.uint32(14, span.droppedLinksCount);
  const statusStart = writer.open(15);
  if (status.message) writer.text(2, String(status.message));
  writer.uint32(3, status.code);
  writer.close(statusStart);
  writer.fixed32(16, flags);
}

type Rest = Pick<
  ReadableSpan,
  'droppedAttributesCount' | 'droppedEventsCount' | 'droppedLinksCount' | 'status' | 'events' | 'links'
>;

const nothingMore: Rest = {
  droppedAttributesCount: 0,
  droppedEventsCount: 0,
  droppedLinksCount: 0,
  status: { code: 0 },
  events: [],
  links: [],
};
const failedRest: Rest = { ...nothingMore, status: { code: 2 } };
const plainRests: Uint8Array[] = [];

/** The fields after the attributes of a span without events, links or additions: the same bytes for nearly all spans. */
function plainRest(flags: number): Uint8Array {
  let bytes = plainRests[flags];
  if (bytes === undefined) {
    bytes = written((writer) => writeRest(writer, nothingMore, flags));
    plainRests[flags] = bytes;
  }
  return bytes;
}

function encodedOf(shared: SharedAttributes): Uint8Array {
  shared.encoded ??= written((writer) => writeAttributes(writer, attributesField, shared.all));
  return shared.encoded;
}

function written(write: (writer: ProtobufWriter) => void): Uint8Array {
  const writer = new ProtobufWriter(firstHeadBytes);
  write(writer);
  return new Uint8Array(writer.finish());
}

function writeEvent(writer: ProtobufWriter, { time, name, attributes, ...event }: TimedEvent): void {
  const start = writer.open(11);
  writeTime(writer, 1, time);
  writer.text(2, String(name));
  if (attributes !== undefined) writeAttributes(writer, 3, attributes);
  writer.uint32(4, event.droppedAttributesCount ?? 0);
  writer.close(start);
}

function writeLink(writer: ProtobufWriter, { context, attributes, ...link }: Link): void {
  const start = writer.open(13);
  writeIds(writer, context);
  if (attributes !== undefined) writeAttributes(writer, 4, attributes);
  writer.uint32(5, link.droppedAttributesCount ?? 0);
  writer.fixed32(6, flagsOf(context.traceFlags, context.isRemote));
  writer.close(start);
}

function writeIds(writer: ProtobufWriter, { traceId, spanId, traceState }: SpanContext): void {
  writer.hex(1, traceId);
  writer.hex(2, spanId);
  const state = traceState?.serialize();
  if (state) writer.text(3, state);
}

function flagsOf(traceFlags: number, isRemote: boolean | undefined): number {
  return (traceFlags & 0xff) | HAS_IS_REMOTE | (isRemote === true ? IS_REMOTE : 0);
}

function writeTime(writer: ProtobufWriter, field: number, time: HrTime): void {
  writer.nanos(field, time[0], time[1]);
}
