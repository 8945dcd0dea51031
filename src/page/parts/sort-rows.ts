/** Rows in order; those without a value come last in both directions. */
export function sortRows<Row>(
  rows: readonly Row[],
  by: ((row: Row) => string | number | null | undefined) | undefined,
  isDown: boolean,
): readonly Row[] {
  if (by === undefined) return rows;
  const sign = isDown ? -1 : 1;
  return [...rows].sort((one, other) => {
    const a = by(one) ?? null;
    const b = by(other) ?? null;
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
    return sign * String(a).localeCompare(String(b), 'en', { numeric: true });
  });
}
