import type { TraceWords } from '../receive/words.js';
import type { Store } from '../store/store.js';
import { parentIdOf, spanIdOf, traceIdOf } from './item-json.js';
import { TimeSlice } from './time-slice.js';

const mostRows = 200_000;
const mostExamples = 3;

/** The spans whose parent is named and not there, of the newest of each service. */
export async function countOrphans(store: Store): Promise<{
  readonly looked: number;
  readonly orphans: number;
  readonly examples: readonly string[];
}> {
  const slice = new TimeSlice();
  const examples = new Set<string>();
  let looked = 0;
  let orphans = 0;
  for (const segment of [...store.segments('spans')].reverse()) {
    for (let row = segment.rows - 1; row >= 0 && looked < mostRows; row -= 1) {
      if (slice.isOver) await slice.rest();
      looked += 1;
      const ref = { segment, row };
      const parent = parentIdOf(ref);
      if (parent === '') continue;
      const words = [...segment.columns.trace.subarray(4 * row, 4 * row + 4)] as unknown as TraceWords;
      if (store.ofTrace('spans', words).some((other) => spanIdOf(other) === parent)) continue;
      orphans += 1;
      if (examples.size < mostExamples) examples.add(traceIdOf(ref));
    }
  }
  return { looked, orphans, examples: [...examples] };
}
