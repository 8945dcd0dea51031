import { RECORDED } from './red-rules.js';
import type { RuleConfig } from './rule-options.js';
import { BURN_ROWS, type BurnRow, slow, slowRatio } from './slo-rules.js';

/** An objective by the names of what the rules record for it; each takes a window. */
export interface Objective {
  readonly id: 'availability' | 'latency';
  /** Of the requests that have to be good. */
  readonly percent: number;
  /** Within which a request has to be answered, in seconds; undefined where that does not matter. */
  readonly thresholdS: number | undefined;
  requests(window: string): string;
  bad(window: string): string;
  ratio(window: string): string;
  readonly rows: readonly BurnRow[];
}

export function objectivesOf({ availabilityPercent, latency }: RuleConfig): readonly Objective[] {
  return [
    {
      id: 'availability',
      percent: availabilityPercent,
      thresholdS: undefined,
      requests: RECORDED.requests,
      bad: RECORDED.errors,
      ratio: RECORDED.errorRatio,
      rows: BURN_ROWS,
    },
    {
      id: 'latency',
      percent: latency.percent,
      thresholdS: latency.thresholdS,
      requests: RECORDED.requests,
      bad: slow,
      ratio: slowRatio,
      rows: BURN_ROWS,
    },
  ];
}
