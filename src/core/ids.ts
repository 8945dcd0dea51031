import { randomFillSync } from 'node:crypto';

/** Makes trace and span ids as lower-case hex, every one of their bits random. */
export interface IdGenerator {
  traceId(): string;
  spanId(): string;
}

const poolBytes = 4_096;
const hex: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Ids from a pool of random bytes that is refilled when it is used up: one system call for some 170 requests. */
export function createIdGenerator(fill: (pool: Uint8Array) => void = randomFillSync): IdGenerator {
  const pool = new Uint8Array(poolBytes);
  let next = poolBytes;

  function take(bytes: number): string {
    if (next + bytes > poolBytes) {
      fill(pool);
      next = 0;
    }
    let id = '';
    let any = 0;
    for (const end = next + bytes; next < end; next += 1) {
      const byte = pool[next] as number;
      any |= byte;
      id += hex[byte];
    }
    // All zero is the one invalid id of W3C Trace Context.
    return any === 0 ? take(bytes) : id;
  }

  return { traceId: () => take(16), spanId: () => take(8) };
}
