import type { Attributes, HrTime, Link, SpanContext } from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace-base';
import { LiveSpan } from '../trace/live-span.js';
import { ProtobufWriter } from './protobuf-writer.js';

// A batch is most often as large as the one before it.
const firstBytes = 16_384;
const spareRatio = 1.125;

// opentelemetry/proto/trace/v1/trace.proto, SpanFlags.
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/**
 * Writes an ExportTraceServiceRequest: byte for byte what the official serializer writes, which goes over every span twice and makes
 * an array for each id. The only cost that grows with every span of a service, so it has an implementation of its own.
 * @see opentelemetry/proto/collector/trace/v1/trace_service.proto
 */
export function createSpanWriter(): (spans: readonly ReadableSpan[]) => Uint8Array {
  let expectedBytes = firstBytes;
  return (spans) => {
    const writer = new ProtobufWriter(expectedBytes);
    for (const [resource, byScope] of grouped(spans)) writeResourceSpans(writer, resource, byScope);
    const bytes = writer.finish();
    expectedBytes = Math.max(firstBytes, Math.ceil(bytes.length * spareRatio));
    return bytes;
  };
}

type ByScope = Map<InstrumentationScope, ReadableSpan[]>;

function grouped(spans: readonly ReadableSpan[]): Map<Resource, ByScope> {
  const groups = new Map<Resource, ByScope>();
  let resource: Resource | undefined;
  let scope: InstrumentationScope | undefined;
  let group: ReadableSpan[] = [];
  for (const span of spans) {
    // Nearly all are of the same origin as the one before.
    if (span.resource !== resource || span.instrumentationScope !== scope) {
      resource = span.resource;
      scope = span.instrumentationScope;
      const byScope = groups.get(resource) ?? new Map();
      groups.set(resource, byScope);
      group = byScope.get(scope) ?? [];
      byScope.set(scope, group);
    }
    group.push(span);
  }
  return groups;
}

// How many bytes the lengths of long messages take, so that they need not be moved.
const lengthOfAll = 3;
const lengthOfSpan = 2;

function writeResourceSpans(writer: ProtobufWriter, resource: Resource, byScope: ByScope): void {
  const all = writer.open(1, lengthOfAll);
  const own = writer.open(1, lengthOfSpan);
  writeAttributes(writer, 1, resource.attributes);
  writer.uint32(2, 0);
  writer.close(own, lengthOfSpan);
  for (const [scope, spans] of byScope) {
    const scoped = writer.open(2, lengthOfAll);
    writeScope(writer, scope);
    for (const span of spans) writeSpan(writer, span);
    if (scope.schemaUrl) writer.text(3, scope.schemaUrl);
    writer.close(scoped, lengthOfAll);
  }
  if (resource.schemaUrl) writer.text(3, resource.schemaUrl);
  writer.close(all, lengthOfAll);
}

interface FullScope extends InstrumentationScope {
  readonly attributes?: Attributes;
  readonly droppedAttributesCount?: number;
}

function writeScope(writer: ProtobufWriter, scope: FullScope): void {
  const start = writer.open(1);
  writer.text(1, scope.name);
  if (scope.version) writer.text(2, scope.version);
  if (scope.attributes) writeAttributes(writer, 3, scope.attributes);
  if (scope.droppedAttributesCount) writer.uint32(4, scope.droppedAttributesCount);
  writer.close(start);
}

function writeSpan(writer: ProtobufWriter, span: ReadableSpan): void {
  const start = writer.open(2, lengthOfSpan);
  const context = span.spanContext();
  const { parentSpanContext: parent, status } = span;
  writeIds(writer, context);
  if (parent?.spanId) writer.hex(4, parent.spanId);
  writer.text(5, String(span.name));
  // In the protocol 0 is "unspecified", which the API does not know.
  writer.uint32(6, span.kind + 1);
  if (span instanceof LiveSpan) {
    writer.epochMs(7, span.startEpochMs);
    writer.epochMs(8, span.endEpochMs);
  } else {
    writeTime(writer, 7, span.startTime);
    writeTime(writer, 8, span.endTime);
  }
  writeAttributes(writer, 9, span.attributes);
  writer.uint32(10, span.droppedAttributesCount);
  for (const event of span.events) writeEvent(writer, event);
  writer.uint32(12, span.droppedEventsCount);
  for (const link of span.links) writeLink(writer, link);
  writer.uint32(14, span.droppedLinksCount);
  const statusStart = writer.open(15);
  if (status.message) writer.text(2, String(status.message));
  writer.uint32(3, status.code);
  writer.close(statusStart);
  writer.fixed32(16, flagsOf(context.traceFlags, parent?.isRemote));
  writer.close(start, lengthOfSpan);
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

function writeAttributes(writer: ProtobufWriter, field: number, attributes: object): void {
  for (const key in attributes) {
    if (!Object.hasOwn(attributes, key)) continue;
    const start = writer.open(field);
    writer.text(1, key);
    writeValue(writer, 2, (attributes as Record<string, unknown>)[key]);
    writer.close(start);
  }
}

/** An AnyValue; what it cannot hold becomes an empty one. */
function writeValue(writer: ProtobufWriter, field: number, value: unknown): void {
  const start = writer.open(field);
  if (typeof value === 'string') writer.text(1, value);
  else if (typeof value === 'number') writeNumber(writer, value);
  else if (typeof value === 'boolean') writer.uint32(2, value ? 1 : 0);
  else if (value instanceof Uint8Array) writer.bytes(7, value);
  else if (Array.isArray(value)) {
    const list = writer.open(5);
    for (const item of value) writeValue(writer, 1, item);
    writer.close(list);
  } else if (typeof value === 'object' && value !== null) {
    const list = writer.open(6);
    writeAttributes(writer, 1, value);
    writer.close(list);
  }
  writer.close(start);
}

function writeNumber(writer: ProtobufWriter, value: number): void {
  if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63) writer.int64(3, value);
  else writer.double(4, value);
}
