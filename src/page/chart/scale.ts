/** From values to pixels, and the values at which there are lines. */
export interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

const steps = [1, 2, 2.5, 5, 10];

/** From 0 to a round value of at least `most`, drawn from the bottom up; round in units of `base`. */
export function linearScale(most: number, height: number, base = 1): Scale {
  const wanted = (most > 0 ? most : 1) / base;
  const power = 10 ** Math.floor(Math.log10(wanted / 2));
  const step = (steps.find((one) => one * power * 2 >= wanted) ?? 10) * power;
  const top = step * 2 * base;
  return { at: (value) => height - (value / top) * height, ticks: [0, top / 2, top] };
}

/** Powers of ten between two values, drawn from the bottom up. */
export function logScale(least: number, most: number, height: number): Scale {
  const low = Math.log10(Math.max(1e-6, least));
  const high = Math.max(low + 0.5, Math.log10(Math.max(1e-6, most)));
  const ticks: number[] = [];
  for (let power = Math.ceil(low); power <= high; power += 1) ticks.push(10 ** power);
  return {
    at: (value) => height - ((Math.log10(Math.max(1e-9, value)) - low) / (high - low)) * height,
    ticks,
  };
}

const timeSteps = [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600].map(
  (seconds) => seconds * 1_000,
);

/** Round times between two, at most `most` of them. */
export function timeTicks(fromMs: number, toMs: number, most: number): readonly number[] {
  const step = timeSteps.find((one) => (toMs - fromMs) / one <= most) ?? 86_400_000;
  const offset = new Date(fromMs).getTimezoneOffset() * 60_000;
  const ticks: number[] = [];
  for (let at = Math.ceil((fromMs - offset) / step) * step + offset; at <= toMs; at += step) ticks.push(at);
  return ticks;
}
