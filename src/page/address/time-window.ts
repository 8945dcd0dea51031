import { computed } from '@preact/signals';
import { nowMs } from '../data/clock.js';
import { address, setParams } from './address.js';

/** The windows that the frame offers. */
export const WINDOWS = ['5m', '15m', '1h', '6h', '24h'] as const;
const otherwise = '15m';
const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
  /** The length as it is chosen; undefined for a part that was brushed. */
  readonly length: string | undefined;
  /** Whether its end goes on with the time. */
  readonly isLive: boolean;
}

function lengthMs(text: string): number | undefined {
  const [, digits, unit] = /^(\d+)(s|m|h)$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * (unitMs[unit as string] as number);
}

const chosen = computed(() => {
  const { params } = address.value;
  const from = Number(params.get('from') ?? Number.NaN);
  const to = Number(params.get('to') ?? Number.NaN);
  const length = params.get('window') ?? otherwise;
  const paused = Number(params.get('paused') ?? Number.NaN);
  return {
    brushed: from < to ? { fromMs: from, toMs: to } : undefined,
    length: lengthMs(length) === undefined ? otherwise : length,
    pausedMs: Number.isFinite(paused) && paused > 0 ? paused : undefined,
  };
});

/** When the clock of the page was stopped; undefined while it goes. */
export const pausedMs = computed(() => chosen.value.pausedMs);

/** Whether the page shows the present, and so is asked anew when something comes in. */
export const isLive = computed(
  () => chosen.value.pausedMs === undefined && chosen.value.brushed === undefined,
);

/** The time that is looked at. It is read at each draw: a live one moves on. */
export const timeWindow = computed<TimeWindow>(() => {
  const { brushed, length, pausedMs: stopped } = chosen.value;
  if (brushed !== undefined) return { ...brushed, length: undefined, isLive: false };
  const toMs = stopped ?? nowMs.value;
  return { fromMs: toMs - (lengthMs(length) as number), toMs, length, isLive: stopped === undefined };
});

/** The length of the window, for headings: `15m`, or undefined where it was brushed. */
export const windowLength = computed(() =>
  chosen.value.brushed === undefined ? chosen.value.length : undefined,
);

/** The parameters of a question about the time that is looked at; the same text as long as nothing was chosen anew. */
export const windowParams = computed<Readonly<Record<string, string>>>(() => {
  const { brushed, length, pausedMs: stopped } = chosen.value;
  if (brushed !== undefined)
    return { from: String(Math.floor(brushed.fromMs)), to: String(Math.ceil(brushed.toMs)) };
  if (stopped !== undefined)
    return { from: String(stopped - (lengthMs(length) as number)), to: String(stopped) };
  return { window: length };
});

export function chooseWindow(length: string): void {
  setParams({ window: length === otherwise ? undefined : length, from: undefined, to: undefined });
}

/** Looks at a part of the time. */
export function brush(fromMs: number, toMs: number): void {
  setParams({ from: Math.floor(fromMs), to: Math.ceil(toMs) });
}

/** Stops the clock of the page, or has it go on at the present. */
export function togglePause(): void {
  if (isLive.value) setParams({ paused: Math.round(nowMs.value) });
  else setParams({ paused: undefined, from: undefined, to: undefined });
}
