import { UsageError } from './usage-error.js';

const secondsOf: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3_600 };

/** A number as people type it; undefined stays undefined. */
export function parseNumber(flag: string, typed: string | undefined): number | undefined {
  if (typed === undefined) return undefined;
  if (!/^\d+(\.\d+)?$/.test(typed)) throw new UsageError(`--${flag} takes a number, got ${shown(typed)}`);
  return Number(typed);
}

/** A time in seconds. Without a unit it could be anything. */
export function parseDuration(flag: string, typed: string | undefined): number | undefined {
  if (typed === undefined) return undefined;
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(typed) ?? [];
  if (digits === undefined || unit === undefined)
    throw new UsageError(
      `--${flag} takes a time with its unit, such as 500ms, 3s or 2m, got ${shown(typed)}`,
    );
  // Not the product: 100 * 0.001 is no 0.1.
  return unit === 'ms' ? Number(digits) / 1_000 : Number(digits) * (secondsOf[unit] as number);
}

const bytesOf: Readonly<Record<string, number>> = { MiB: 2 ** 20, GiB: 2 ** 30 };

/** A number of bytes. */
export function parseBytes(flag: string, typed: string | undefined): number | undefined {
  if (typed === undefined) return undefined;
  const [, digits, unit] = /^(\d+(?:\.\d+)?) ?(MiB|GiB)$/.exec(typed) ?? [];
  if (digits === undefined || unit === undefined)
    throw new UsageError(`--${flag} takes a size with its unit, such as 256MiB or 1GiB, got ${shown(typed)}`);
  return Number(digits) * (bytesOf[unit] as number);
}

/** A share as a percentage, `1%`, or as a number, `0.01`. */
export function parseShare(flag: string, typed: string | undefined): number | undefined {
  if (typed === undefined) return undefined;
  const [, digits, percent] = /^(\d+(?:\.\d+)?) ?(%?)$/.exec(typed) ?? [];
  const share = Number(digits) / (percent === '%' ? 100 : 1);
  if (digits === undefined || share > 1)
    throw new UsageError(`--${flag} takes a share such as 1% or 0.01, got ${shown(typed)}`);
  return share;
}

/** `0.5s:99`: a time, and the percentage of requests within it. */
export function parseLatencyObjective(flag: string, typed: string | undefined) {
  if (typed === undefined) return undefined;
  const [time, percentage, ...rest] = typed.split(':');
  if (time === undefined || percentage === undefined || rest.length > 0)
    throw new UsageError(`--${flag} takes a time and a percentage, such as 0.5s:99, got ${shown(typed)}`);
  const thresholdS = parseDuration(flag, time) as number;
  return { thresholdS, percent: parseNumber(flag, percentage) as number };
}

function shown(typed: string): string {
  return JSON.stringify(typed.length > 60 ? `${typed.slice(0, 60)}…` : typed);
}
