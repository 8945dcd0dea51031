import type { Measure } from '../alerts/measure.js';
import type { Query } from './query.js';
import { TimeSlice } from './time-slice.js';

interface Line {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: (number | null)[];
  readonly limits: (number | null)[];
}

const leastStepMs = 5_000;
const mostSteps = 240;
const mostLines = 100;

/** What a rule measures over time against its limit, a line for each label set; `label=name=value` asks for some of them. @throws Refusal */
export async function ruleChart(measure: Measure, query: Query) {
  const { fromMs, toMs } = query.window();
  const wantedMs = query.durationMs('step') ?? (toMs - fromMs) / 60;
  const stepMs =
    Math.ceil(Math.max(leastStepMs, wantedMs, (toMs - fromMs) / mostSteps) / leastStepMs) * leastStepMs;
  const wanted = query.texts('label').map((typed) => typed.split(/=(.*)/s));
  const startMs = Math.floor(fromMs / stepMs) * stepMs;
  const steps = Math.floor((toMs - startMs) / stepMs) + 1;
  const lines = new Map<string, Line>();
  const slice = new TimeSlice();
  let leftOut = 0;
  for (let step = 0; step < steps; step += 1) {
    await slice.rest();
    // The last one is now, and not the step before.
    const atMs = step === steps - 1 ? toMs : startMs + step * stepMs;
    for (const { labels, value, limit } of measure.at(atMs)) {
      if (wanted.some(([name = '', text = '']) => labels.get(name) !== text)) continue;
      let line = lines.get(labels.key);
      if (line === undefined) {
        if (lines.size >= mostLines) {
          leftOut += 1;
          continue;
        }
        line = {
          labels: labels.toLabels(),
          values: new Array<null>(steps).fill(null),
          limits: new Array<null>(steps).fill(null),
        };
        lines.set(labels.key, line);
      }
      line.values[step] = Number.isFinite(value) ? value : null;
      line.limits[step] = limit;
    }
  }
  return {
    fromMs: startMs,
    toMs,
    stepMs,
    operator: measure.operator ?? null,
    leftOut,
    lines: [...lines.values()],
  };
}
