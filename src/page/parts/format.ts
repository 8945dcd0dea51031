// Values as people read them: three significant figures and a unit.

/** Between a number and its unit: a space that is not broken. */
const space = '\u00a0';
const none = '–';
/** Kept: to make one for each number takes longer than all the rest of a row. */
const grouped = new Intl.NumberFormat('en');

/** Three significant figures, never in powers of ten. */
export function figures(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1_000) return grouped.format(Math.round(value));
  const digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  const text = value.toFixed(size < 0.01 ? 3 : digits);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return none;
  const size = Math.abs(ms);
  if (size === 0) return `0${space}ms`;
  if (size < 0.9995) return `${figures(ms * 1_000)}${space}µs`;
  if (size < 999.5) return `${figures(ms)}${space}ms`;
  if (size < 59_995) return `${(ms / 1_000).toFixed(size < 9_995 ? 2 : 1)}${space}s`;
  return span(ms);
}

/** A time of minutes and more: `2 min 10 s`, `3 h 4 min`, `2 d 1 h`. */
export function span(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds}${space}s`;
  const pair = (large: number, largeUnit: string, small: number, smallUnit: string) =>
    small === 0
      ? `${large}${space}${largeUnit}`
      : `${large}${space}${largeUnit} ${small}${space}${smallUnit}`;
  if (seconds < 3_600) return pair(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1_440) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(minutes / 60);
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** How long ago, in one unit: it is read at a glance. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds}${space}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}${space}min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}${space}h`;
  return `${Math.floor(seconds / 86_400)}${space}d`;
}

export function rate(perSecond: number | null | undefined): string {
  if (perSecond === null || perSecond === undefined) return none;
  if (perSecond >= 9_999.5) return `${figures(perSecond / 1_000)}k${space}/s`;
  if (perSecond > 0 && perSecond < 0.0995) return `${figures(perSecond * 60)}${space}/min`;
  return `${figures(perSecond)}${space}/s`;
}

export function share(ratio: number | null | undefined): string {
  if (ratio === null || ratio === undefined || Number.isNaN(ratio)) return none;
  const percent = ratio * 100;
  if (percent > 0 && percent < 0.01) return `<${space}0.01${space}%`;
  return `${figures(percent)}${space}%`;
}

export function bytes(count: number | null | undefined): string {
  if (count === null || count === undefined) return none;
  let value = count;
  let unit = 'B';
  for (const next of ['KiB', 'MiB', 'GiB', 'TiB']) {
    if (Math.abs(value) < 1_000) break;
    value /= 1_024;
    unit = next;
  }
  return `${figures(value)}${space}${unit}`;
}

export function count(value: number): string {
  return grouped.format(value);
}

/** `1 trace`, `12 traces`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)}${space}${value === 1 ? one : many}`;
}

const two = (value: number) => String(value).padStart(2, '0');

/** The time of day, local, as log lines have it. */
export function clock(ms: number, hasMillis = false): string {
  const date = new Date(ms);
  const text = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return hasMillis ? `${text}.${String(date.getMilliseconds()).padStart(3, '0')}` : text;
}

/** The whole of a time, for what is shown on hover: local, and in UTC. */
export function absolute(ms: number): string {
  const date = new Date(ms);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${clock(ms, true)} (${date.toISOString()})`;
}

export function shortId(id: string): string {
  return id.length > 8 ? `${id.slice(0, 8)}…` : id;
}
