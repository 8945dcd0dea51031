import { address, setParams } from '../address/address.js';
import { rangeWithin, type TimeRange } from './time-scale.js';

/** What of a trace is in view, by the address: `z=12.5-80`, in milliseconds since it began. */
export function rangeOf(wholeMs: number): TimeRange {
  const [, from, to] = /^([\d.]+)-([\d.]+)$/.exec(address.value.params.get('z') ?? '') ?? [];
  if (from === undefined || to === undefined) return { from: 0, to: Math.max(wholeMs, 0.001) };
  return rangeWithin({ from: Number(from), to: Number(to) }, Math.max(wholeMs, 0.001));
}

export function showRange(range: TimeRange, wholeMs: number): void {
  const isWhole = range.to - range.from >= wholeMs * 0.9999;
  setParams({ z: isWhole ? undefined : `${round(range.from)}-${round(range.to)}` }, true);
}

function round(ms: number): number {
  return Number(ms.toPrecision(7));
}

export function selectedSpan(): string | undefined {
  return address.value.params.get('span') ?? undefined;
}

/** The address of a span is that of a finding: each choice replaces the one before, so that going back leaves the trace. */
export function selectSpan(spanId: string | undefined): void {
  setParams({ span: spanId }, true);
}
