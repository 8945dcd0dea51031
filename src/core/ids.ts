import { randomFillSync } from 'node:crypto';

/** Makes trace and span ids as lower-case hex, every one of their bits random. */
export interface IdGenerator {
  traceId(): string;
  spanId(): string;
}

const poolBytes = 4_096;
const zeros = '0'.repeat(32);

/** Ids from a pool of random bytes that is refilled when it is used up: one system call for some 170 requests. */
export function createIdGenerator(fill: (pool: Uint8Array) => void = randomFillSync): IdGenerator {
  const pool = Buffer.alloc(poolBytes);
  let next = poolBytes;

  function take(bytes: number): string {
    if (next + bytes > poolBytes) {
      fill(pool);
      next = 0;
    }
    // In one piece: one that is put together digit by digit is a tree of strings until somebody reads it.
    const id = pool.toString('hex', next, next + bytes);
    next += bytes;
    // All zero is the one invalid id of W3C Trace Context.
    return zeros.startsWith(id) ? take(bytes) : id;
  }

  return { traceId: () => take(16), spanId: () => take(8) };
}
