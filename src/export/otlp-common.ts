import { types } from 'node:util';
import type { Attributes } from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import type { ProtobufWriter } from './protobuf-writer.js';

// How many bytes the length of a resource takes, so that it need not be moved.
const lengthOfResource = 2;

/** A Resource. @see opentelemetry/proto/resource/v1/resource.proto */
export function writeResource(
  writer: ProtobufWriter,
  { attributes }: { readonly attributes: Attributes },
): void {
  const start = writer.open(1, lengthOfResource);
  writeAttributes(writer, 1, attributes);
  writer.uint32(2, 0);
  writer.close(start, lengthOfResource);
}

interface FullScope extends InstrumentationScope {
  readonly attributes?: Attributes;
  readonly droppedAttributesCount?: number;
}

/** An InstrumentationScope. @see opentelemetry/proto/common/v1/common.proto */
export function writeScope(writer: ProtobufWriter, scope: FullScope): void {
  const start = writer.open(1);
  writer.text(1, scope.name);
  if (scope.version) writer.text(2, scope.version);
  if (scope.attributes) writeAttributes(writer, 3, scope.attributes);
  if (scope.droppedAttributesCount) writer.uint32(4, scope.droppedAttributesCount);
  writer.close(start);
}

const hasOwn = Object.prototype.hasOwnProperty;

/** A KeyValue for each attribute. */
export function writeAttributes(writer: ProtobufWriter, field: number, attributes: object): void {
  for (const key in attributes) {
    // So written it costs nothing in such a loop, other than Object.hasOwn().
    if (hasOwn.call(attributes, key))
      writeAttribute(writer, field, key, (attributes as Record<string, unknown>)[key]);
  }
}

/** A KeyValue. */
export function writeAttribute(writer: ProtobufWriter, field: number, key: string, value: unknown): void {
  const start = writer.open(field);
  writer.text(1, key);
  writeValue(writer, 2, value);
  writer.close(start);
}

/** A KeyValue of a text in two parts. */
export function writeJoined(
  writer: ProtobufWriter,
  field: number,
  key: string,
  head: string,
  tail: string,
): void {
  const start = writer.open(field);
  writer.text(1, key);
  const valueStart = writer.open(2);
  writer.joined(1, head, tail);
  writer.close(valueStart);
  writer.close(start);
}

/** An AnyValue; what it cannot hold becomes an empty one. */
function writeValue(writer: ProtobufWriter, field: number, value: unknown): void {
  const start = writer.open(field);
  if (typeof value === 'string') writer.text(1, value);
  else if (typeof value === 'number') writeNumber(writer, value);
  else if (typeof value === 'boolean') writer.uint32(2, value ? 1 : 0);
  else if (types.isUint8Array(value)) writer.bytes(7, value);
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
