// Counts what arrived, straight from the protobuf wire format: opentelemetry/proto/{trace,metrics}/v1.
const kindServer = 2n;
const requestDuration = 'http.server.request.duration';

/** Yields `[fieldNumber, value]`: a Buffer for wire type 2, else a bigint. */
function* fields(buffer) {
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = buffer[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < buffer.length) {
    const tag = Number(varint());
    const wireType = tag & 7;
    let value;
    if (wireType === 0) value = varint();
    else if (wireType === 1) {
      value = buffer.readBigUInt64LE(at);
      at += 8;
    } else if (wireType === 2) {
      const length = Number(varint());
      value = buffer.subarray(at, at + length);
      at += length;
    } else if (wireType === 5) {
      value = BigInt(buffer.readUInt32LE(at));
      at += 4;
    } else throw new Error(`wire type ${wireType} is not in OTLP`);
    yield [tag >>> 3, value];
  }
}

/** Every message found by following the field numbers of `path` downwards. */
function* messages(buffer, [first, ...rest]) {
  for (const [number, value] of fields(buffer)) {
    if (number !== first) continue;
    if (rest.length === 0) yield value;
    else yield* messages(value, rest);
  }
}

/** How many spans an ExportTraceServiceRequest holds, and how many of them are of kind SERVER. */
export function countSpans(body) {
  let spans = 0;
  let serverSpans = 0;
  for (const span of messages(body, [1, 2, 2])) {
    spans++;
    for (const kind of messages(span, [6])) if (kind === kindServer) serverSpans++;
  }
  return { spans, serverSpans };
}

/** The sum of the counts of `http.server.request.duration` in an ExportMetricsServiceRequest; undefined when it is not there. */
export function countMeasuredRequests(body) {
  let count;
  for (const metric of messages(body, [1, 2, 2])) {
    const [name] = messages(metric, [1]);
    if (name.toString() !== requestDuration) continue;
    // Field 9 is an explicit-bucket histogram, field 10 an exponential one; `count` is field 4 of both data points.
    for (const histogram of [9, 10]) {
      for (const value of messages(metric, [histogram, 1, 4])) count = (count ?? 0) + Number(value);
    }
  }
  return count;
}
