import type { LabelSet } from './label-set.js';

const offset = 0xcbf29ce484222325n;
const prime = 0x100000001b3n;

/** The fingerprint of labels by which Alertmanager knows an alert: FNV-1a of names and values, 16 hexadecimal digits. */
export function fingerprintOf({ names, values }: LabelSet): string {
  let hash = offset;
  for (const [index, name] of names.entries()) {
    for (const part of [name, values[index] as string]) {
      for (const byte of Buffer.from(part)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * prime);
      hash = BigInt.asUintN(64, (hash ^ 0xffn) * prime);
    }
  }
  return hash.toString(16).padStart(16, '0');
}
