import { type Objective, objectivesOf } from '../../rules/objectives.js';
import type { RuleConfig } from '../../rules/rule-options.js';
import type { QueryResult } from '../alerts/engine.js';

/** An error budget is for so long, as the burn rates of the rules are. */
const periodMs = 30 * 86_400_000;
/** What is recorded comes so often, in milliseconds. */
const recordedMs = 30_000;

type Evaluate = (expr: string, atMs: number) => QueryResult;

/** The objectives of every service: what of the budget is left, and how fast it is spent. */
export function objectivesView(config: RuleConfig, evaluate: Evaluate, nowMs: number) {
  const byJob = (expr: string) =>
    new Map(evaluate(expr, nowMs).samples.map(({ labels, value }) => [labels.job ?? '', value] as const));
  return { objectives: objectivesOf(config).flatMap((objective) => of(objective)) };

  function of({ id, percent, thresholdS, requests, bad, ratio, rows }: Objective) {
    const allowed = (100 - percent) / 100;
    const samples = byJob(`count_over_time(${requests('5m')}[3d])`);
    const badRatios = byJob(`avg_over_time(${bad('5m')}[3d]) / avg_over_time(${requests('5m')}[3d])`);
    const windows = [...new Set(rows.flatMap(({ short, long }) => [short, long]))];
    const ratios = new Map(windows.map((window) => [window, byJob(ratio(window))] as const));
    return [...samples].map(([job, count]) => {
      const burn = (window: string) => {
        const own = finite(ratios.get(window)?.get(job));
        return { window, ratio: own, burnRate: own === null ? null : own / allowed };
      };
      const burns = rows.map(({ factor, severity, short, long }) => {
        const [shortBurn, longBurn] = [burn(short), burn(long)];
        const isBurning = (shortBurn.burnRate ?? 0) > factor && (longBurn.burnRate ?? 0) > factor;
        return { factor, severity, short: shortBurn, long: longBurn, isBurning };
      });
      const overMs = count * recordedMs;
      const badRatio = finite(badRatios.get(job));
      const spent = (badRatio ?? 0) / allowed;
      // Of the whole period, of which so far no more has passed than has been seen.
      const leftOfPeriod = Math.max(0, 1 - (spent * overMs) / periodMs);
      const rate = burns[0]?.long.burnRate ?? burns[0]?.short.burnRate ?? 0;
      return {
        id,
        job,
        service: job.replace(/^.*\//, ''),
        percent,
        thresholdMs: thresholdS === undefined ? null : thresholdS * 1_000,
        periodMs,
        overMs,
        badRatio,
        budgetLeft: badRatio === null ? null : 1 - spent,
        periodBudgetLeft: leftOfPeriod,
        burnRate: rate,
        // A budget that is spent more slowly than it comes back is never spent.
        spentAtMs: rate > 1 ? nowMs + (leftOfPeriod * periodMs) / rate : null,
        burns,
      };
    });
  }
}

function finite(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : value;
}
