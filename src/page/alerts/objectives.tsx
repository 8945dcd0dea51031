import { href } from '../address/address.js';
import type { ObjectivesAnswer } from '../data/answers.js';
import { nowMs } from '../data/clock.js';
import { useQuestion } from '../data/question.js';
import { duration, figures, share, span } from '../parts/format.js';
import { ServiceLink } from '../parts/links.js';
import { Mark } from '../parts/mark.js';
import { type Column, Table } from '../parts/table.js';

type Objective = ObjectivesAnswer['objectives'][number];

const columns: readonly Column<Objective>[] = [
  {
    id: 'service',
    title: 'Objective',
    by: ({ service }) => service,
    cell: ({ service, burns }) => {
      const burning = burns.filter(({ isBurning }) => isBurning);
      const state = burning.some(({ severity }) => severity === 'page')
        ? 'fail'
        : burning.length > 0
          ? 'warn'
          : 'fine';
      return (
        <span class="row">
          <Mark state={state} />
          <ServiceLink service={service} />
        </span>
      );
    },
  },
  {
    id: 'promise',
    title: 'promise',
    width: 224,
    by: ({ percent }) => percent,
    cell: ({ percent, thresholdMs }) =>
      thresholdMs === null ? `${percent} % without errors` : `${percent} % within ${duration(thresholdMs)}`,
  },
  {
    id: 'left',
    title: 'budget left',
    hint: 'of 30 days, as far as they have been seen',
    width: 176,
    by: ({ periodBudgetLeft }) => periodBudgetLeft,
    cell: ({ periodBudgetLeft }) => (
      <span class="row">
        <span class="budget" aria-hidden="true">
          <i style={{ width: `${Math.round(periodBudgetLeft * 100)}%` }} />
        </span>
        {share(periodBudgetLeft)}
      </span>
    ),
  },
  {
    id: 'burn',
    title: 'burn rate',
    hint: 'how many times faster than the budget allows, over the short and the long window',
    isNumber: true,
    width: 176,
    by: ({ burnRate }) => burnRate,
    cell: ({ burns: [first] }) =>
      first === undefined ? (
        ''
      ) : (
        <span class={first.isBurning ? 'is-fail' : undefined}>
          {[first.short, first.long]
            .map(({ window, burnRate }) => `${burnRate === null ? '–' : `${figures(burnRate)}×`} ${window}`)
            .join('  ')}
        </span>
      ),
  },
  {
    id: 'spent',
    title: 'spent',
    isNumber: true,
    width: 128,
    by: ({ spentAtMs }) => spentAtMs,
    cell: ({ spentAtMs }) =>
      spentAtMs === null ? (
        <span class="quiet">not so</span>
      ) : (
        `in ${span(Math.max(0, spentAtMs - nowMs.value))}`
      ),
  },
  {
    id: 'way',
    title: '',
    width: 72,
    cell: ({ service, thresholdMs }) => (
      <a
        class="link"
        href={href(
          '/traces',
          thresholdMs === null ? { service, error: 'true' } : { service, min: `${thresholdMs}ms` },
        )}
      >
        traces
      </a>
    ),
  },
];

/** What was promised of each service, and how much of the budget for breaking it is left. */
export function Objectives() {
  const answer = useQuestion<ObjectivesAnswer>('objectives', {}, { everyMs: 10_000, isTimeless: true });
  const objectives = answer.data.value?.objectives ?? [];
  if (objectives.length === 0) return null;
  return (
    <section class="section">
      <div class="section-head">
        <h2>Objectives</h2>
        <span class="quiet">over 30 days; the console knows what it has seen</span>
      </div>
      <Table
        name="objectives"
        label="objectives"
        rows={objectives}
        columns={columns}
        keyOf={({ id, job }) => `${id} ${job}`}
        order="-burn"
        limit={12}
      />
    </section>
  );
}
