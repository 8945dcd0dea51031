import { formatDigits } from '../promql/number-format.js';
import { TemplateError } from './template-error.js';

const large = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const small = ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y'];
const binary = ['ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'];

/** Four digits and a prefix of SI: 1.235M, 12.34u. */
export function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return formatDigits(value, 4);
  return Math.abs(value) >= 1 ? scaledDown(value, 1_000, large) : scaledUp(value);
}

/** Four digits and a prefix of powers of 1024. */
export function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return formatDigits(value, 4);
  return scaledDown(value, 1_024, binary);
}

/** Seconds as people read them: 1h 1m 1s, 12.34us. */
export function humanizeDuration(value: number): string {
  if (!Number.isFinite(value)) return formatDigits(value, 4);
  if (value === 0) return `${formatDigits(value, 4)}s`;
  if (Math.abs(value) < 1) return `${scaledUp(value)}s`;
  const sign = value < 0 ? '-' : '';
  const seconds = Math.abs(value);
  const whole = Math.trunc(seconds);
  const [days, hours, minutes] = [
    Math.trunc(whole / 86_400),
    Math.trunc(whole / 3_600) % 24,
    Math.trunc(whole / 60) % 60,
  ];
  if (days !== 0) return `${sign}${days}d ${hours}h ${minutes}m ${whole % 60}s`;
  if (hours !== 0) return `${sign}${hours}h ${minutes}m ${whole % 60}s`;
  if (minutes !== 0) return `${sign}${minutes}m ${whole % 60}s`;
  return `${sign}${formatDigits(seconds, 4)}s`;
}

export function humanizePercentage(value: number): string {
  return `${formatDigits(value * 100, 4)}%`;
}

/** Seconds since the epoch, as Go prints a time in UTC; fractions of a millisecond are cut off. */
export function humanizeTimestamp(value: number): string {
  if (!Number.isFinite(value)) return formatDigits(value, 4);
  const nanoseconds = value * 1e9;
  if (Math.abs(nanoseconds) >= 2 ** 63)
    throw new TemplateError(
      `${value} cannot be represented as a nanoseconds timestamp since it overflows int64`,
    );
  const milliseconds = Math.trunc(Math.trunc(nanoseconds) / 1e6);
  // A year beyond what JavaScript knows is beyond what fits, too.
  const [date = '', time = ''] = new Date(milliseconds).toISOString().replace('Z', '').split('T');
  return `${date} ${time.replace(/\.000$|(?<=\.\d+)0+$/, '')} +0000 UTC`;
}

function scaledDown(value: number, step: number, prefixes: readonly string[]): string {
  let rest = value;
  let used = '';
  for (const prefix of prefixes) {
    if (Math.abs(rest) < step) break;
    used = prefix;
    rest /= step;
  }
  return formatDigits(rest, 4) + used;
}

function scaledUp(value: number): string {
  let rest = value;
  let used = '';
  for (const prefix of small) {
    if (Math.abs(rest) >= 1) break;
    used = prefix;
    rest *= 1_000;
  }
  return formatDigits(rest, 4) + used;
}
