import { address, changed } from '../address/address.js';
import type { AlertView, RulesAnswer } from '../data/answers.js';
import { CopyButton } from '../parts/empty.js';
import { counted } from '../parts/format.js';
import { Mark } from '../parts/mark.js';
import { type Column, Table } from '../parts/table.js';
import { RuleChart } from './rule-chart.js';
import { alertThreshold } from './value.js';

type Rule = RulesAnswer['rules'][number];

interface RuleRowsProps {
  readonly rules: readonly Rule[];
  readonly alerts: readonly AlertView[];
}

/** Every alerting rule: what it watches, and whether it could be evaluated. */
export function RuleRows({ rules, alerts }: RuleRowsProps) {
  const alerting = rules.filter(({ severity }) => severity !== undefined);
  const firing = new Map<string, number>();
  const pending = new Set<string>();
  for (const { name, state } of alerts) {
    if (state === 'firing') firing.set(name, (firing.get(name) ?? 0) + 1);
    else if (state === 'pending') pending.add(name);
  }
  const stateOf = ({ name, severity }: Rule) =>
    severity === 'none'
      ? 'fine'
      : firing.has(name)
        ? severity === 'page'
          ? 'fail'
          : 'warn'
        : pending.has(name)
          ? 'warn'
          : 'fine';
  const rank = { fail: 2, warn: 1, fine: 0 } as const;
  const open = address.value.params.get('rule');
  const columns: readonly Column<Rule>[] = [
    {
      id: 'rule',
      title: 'Rule',
      width: 240,
      by: ({ name }) => name,
      cell: (rule) => (
        <span class="row">
          <Mark state={stateOf(rule)} />
          {rule.severity === 'none' ? (
            rule.name
          ) : (
            <a
              href={changed({ rule: rule.id === open ? undefined : rule.id })}
              aria-expanded={rule.id === open}
              title="What it measures over time"
            >
              {rule.name}
            </a>
          )}
        </span>
      ),
    },
    {
      id: 'state',
      title: 'state',
      width: 120,
      by: (rule) => rank[stateOf(rule)],
      cell: (rule) => {
        const count = firing.get(rule.name);
        if (rule.failure !== undefined)
          return (
            <span class="is-warn" title={rule.failure}>
              not evaluated
            </span>
          );
        if (rule.severity === 'none') return <span class="quiet">always on</span>;
        return count !== undefined ? (
          `fires for ${count}`
        ) : pending.has(rule.name) ? (
          'pending'
        ) : (
          <span class="quiet">quiet</span>
        );
      },
    },
    { id: 'signal', title: 'signal', width: 96, by: ({ signal }) => signal, cell: ({ signal }) => signal },
    {
      id: 'threshold',
      title: 'threshold',
      isNumber: true,
      width: 96,
      by: ({ threshold }) => threshold,
      cell: ({ name, threshold }) => (threshold === undefined ? '' : alertThreshold(name, threshold)),
    },
    {
      id: 'severity',
      title: 'severity',
      width: 80,
      by: ({ severity }) => severity,
      cell: ({ severity }) => severity,
    },
    {
      id: 'expr',
      title: 'watches',
      isWide: true,
      cell: ({ expr }) => (
        <code class="mono quiet" title={expr}>
          {expr}
        </code>
      ),
    },
    { id: 'copy', title: '', width: 64, cell: ({ expr }) => <CopyButton text={expr} /> },
  ];
  return (
    <section class="section">
      <div class="section-head">
        <h2>Rules</h2>
        <span class="quiet">{counted(alerting.length, 'alert')}, the same as those for Prometheus</span>
      </div>
      <Table
        name="rules"
        label="rules"
        rows={alerting}
        columns={columns}
        keyOf={({ name, severity, expr }) => `${name} ${severity} ${expr}`}
        order="-state"
        limit={30}
        isChosen={({ id }) => id === open}
        under={(rule) =>
          rule.id === open && (
            <tr class="sub">
              <td colSpan={columns.length}>
                <RuleChart ruleId={rule.id} name={rule.name} />
              </td>
            </tr>
          )
        }
      />
    </section>
  );
}
