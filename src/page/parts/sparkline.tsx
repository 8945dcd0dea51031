interface SparklineProps {
  readonly values: readonly (number | null)[];
  /** What is drawn at the top; the greatest value without. */
  readonly top?: number;
  readonly isFailing?: boolean;
  readonly label: string;
  readonly width?: number;
}

const height = 18;
/** So little of the greatest value is no change. */
const steady = 0.05;

/** A small line over time; where there is no value it is broken. */
export function Sparkline({ values, top, isFailing = false, label, width = 64 }: SparklineProps) {
  let most = top ?? 0;
  let least = Number.POSITIVE_INFINITY;
  for (const value of values) {
    if (value === null) continue;
    most = Math.max(most, value);
    least = Math.min(least, value);
  }
  // What stays as it is has no shape to fill: a line through the middle says it with less ink.
  const isSteady = least > 0 && most - least <= steady * most;
  const step = width / Math.max(1, values.length - 1);
  let line = '';
  let area = '';
  let fromX = -1;
  let lastX = 0;
  const close = () => {
    if (fromX >= 0) area += `L${lastX} ${height}L${fromX} ${height}Z`;
    fromX = -1;
  };
  for (const [index, value] of values.entries()) {
    if (value === null) {
      close();
      continue;
    }
    const x = round(index * step);
    const share = isSteady ? 0.5 : most === 0 ? 0 : value / most;
    const y = round(height - 1 - share * (height - 2));
    const move = fromX < 0 ? 'M' : 'L';
    line += `${move}${x} ${y}`;
    area += `${move}${x} ${y}`;
    if (fromX < 0) fromX = x;
    lastX = x;
  }
  close();
  return (
    <svg
      class={isFailing ? 'spark spark-fail' : 'spark'}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      {!isSteady && <path class="area" d={area} />}
      <path d={line} />
    </svg>
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
