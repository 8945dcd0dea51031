import type { ServerResponse } from 'node:http';

/** How a request was written; its answer is written alike. */
export type Encoding = 'protobuf' | 'json';

const contentTypes = { protobuf: 'application/x-protobuf', json: 'application/json' } as const;

const rejectedFields = {
  traces: 'rejectedSpans',
  metrics: 'rejectedDataPoints',
  logs: 'rejectedLogRecords',
} as const;

/** What the console would like: senders of this library export so often, within bounds of their own. */
const intervalMs = '1000';

/** 200: all of it was taken, or all but some. */
export function answerTaken(
  response: ServerResponse,
  signal: keyof typeof rejectedFields,
  encoding: Encoding,
  rejected: number,
  why: string,
): void {
  let body: Buffer;
  if (encoding === 'json')
    body = Buffer.from(
      JSON.stringify(
        rejected === 0
          ? {}
          : { partialSuccess: { [rejectedFields[signal]]: String(rejected), errorMessage: why } },
      ),
    );
  else if (rejected === 0) body = Buffer.alloc(0);
  else {
    const partial = Buffer.concat([Buffer.from([0x08]), varint(rejected), text(0x12, why)]);
    body = Buffer.concat([Buffer.from([0x0a]), varint(partial.length), partial]);
  }
  send(response, 200, encoding, body);
}

/** A google.rpc.Status, as OTLP has it for failures. */
export function answerRefused(
  response: ServerResponse,
  encoding: Encoding,
  { status, message, retryAfterS }: { status: number; message: string; retryAfterS?: number | undefined },
): void {
  if (retryAfterS !== undefined) response.setHeader('retry-after', retryAfterS);
  const body = encoding === 'json' ? Buffer.from(JSON.stringify({ message })) : text(0x12, message);
  send(response, status, encoding, body);
}

function send(response: ServerResponse, status: number, encoding: Encoding, body: Buffer): void {
  response.writeHead(status, {
    'content-type': contentTypes[encoding],
    'content-length': body.length,
    'golden-signals-export-interval': intervalMs,
  });
  // Without a body of nothing: it would be written by itself.
  if (body.length === 0) response.end();
  else response.end(body);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function text(tag: number, value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([Buffer.from([tag]), varint(bytes.length), bytes]);
}
