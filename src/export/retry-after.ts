/** A Retry-After header in milliseconds from now, seconds or an HTTP date; undefined where it says neither. */
export function retryAfterMs(header: string | undefined, epochMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - epochMs);
}
