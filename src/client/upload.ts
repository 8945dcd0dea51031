import type { Readable } from 'node:stream';

// What an upload may go on for when it has its answer already. A stream without an end is let go of then.
const maxDrainedBytes = 16 * 1024 * 1024;

/**
 * Reads the body of a request that is not sent, as its upstream would have: its writer must not wait forever, and a file must not stay
 * open. Past 16 MiB it is destroyed or cancelled instead, as undici does with the rest of a body whose response is complete. Errors of
 * the body are ignored.
 */
export function releaseBody(body: unknown): void {
  if (typeof body !== 'object' || body === null) return;
  if (isNodeStream(body)) drainStream(body);
  else if (isAsyncIterable(body)) void drainIterable(body);
}

function isNodeStream(body: object): body is Readable {
  const { pipe, on } = body as Partial<Readable>;
  return typeof pipe === 'function' && typeof on === 'function';
}

function isAsyncIterable(body: object): body is AsyncIterable<unknown> {
  return Symbol.asyncIterator in body;
}

function drainStream(body: Readable): void {
  let drained = 0;
  body.on('error', () => {});
  body.on('data', (chunk: unknown) => {
    drained += lengthOf(chunk);
    if (drained > maxDrainedBytes) body.destroy();
  });
}

async function drainIterable(body: AsyncIterable<unknown>): Promise<void> {
  let drained = 0;
  try {
    for await (const chunk of body) {
      drained += lengthOf(chunk);
      if (drained > maxDrainedBytes) return;
    }
  } catch {
    // Neither its own errors nor that another has begun to read it.
  }
}

function lengthOf(chunk: unknown): number {
  return (
    (chunk as { length?: number; byteLength?: number } | undefined)?.byteLength ??
    (chunk as string | undefined)?.length ??
    0
  );
}
