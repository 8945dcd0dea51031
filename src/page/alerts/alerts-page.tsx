import { address, href } from '../address/address.js';
import type { AlertsAnswer, Episode, RulesAnswer } from '../data/answers.js';
import { nowMs } from '../data/clock.js';
import { useQuestion } from '../data/question.js';
import { byUrgency } from '../overview/state-of.js';
import { Answered, Empty } from '../parts/empty.js';
import { counted, span } from '../parts/format.js';
import { ServiceLink, Time } from '../parts/links.js';
import { Mark } from '../parts/mark.js';
import { type Column, Table } from '../parts/table.js';
import { AlertCard } from './alert-card.js';
import { Objectives } from './objectives.js';
import { RuleRows } from './rule-rows.js';

/** What fires, what each rule watches, and what fired within a day. */
export function AlertsPage() {
  const alerts = useQuestion<AlertsAnswer>('alerts', {}, { isOfAlerts: true, isTimeless: true });
  const rules = useQuestion<RulesAnswer>('rules', {}, { everyMs: 5_000, isTimeless: true });
  const chosen = address.value.params.get('alert');
  return (
    <div class="page">
      <div class="page-head">
        <h1>Alerts</h1>
        {rules.data.value !== undefined && (
          <span class="quiet">{counted(rules.data.value.rules.length, 'rule')}, evaluated every 5 s</span>
        )}
      </div>
      <Answered of={alerts}>
        {({ alerts: all, history }) => {
          const shown = all.filter(({ severity }) => severity !== 'none').sort(byUrgency);
          return (
            <>
              <section class="section" aria-label="active alerts" aria-live="polite">
                {shown.length === 0 ? (
                  <Quiet />
                ) : (
                  shown.map((alert, index) => (
                    <AlertCard
                      key={alert.id}
                      alert={alert}
                      isOpen={chosen === null ? index === 0 && alert.state === 'firing' : alert.id === chosen}
                    />
                  ))
                )}
              </section>
              <Objectives />
              <Answered of={rules}>{({ rules: rows }) => <RuleRows rules={rows} alerts={all} />}</Answered>
              <History of={history.filter(({ name }) => name !== 'Watchdog')} />
            </>
          );
        }}
      </Answered>
    </div>
  );
}

function Quiet() {
  return (
    <Empty title="No alert fires" command="npx golden-signals rules > rules.yml">
      <p>The rules below are watched. This command writes the same rules for Prometheus.</p>
    </Empty>
  );
}

const columns: readonly Column<Episode>[] = [
  {
    id: 'fired',
    title: 'Fired',
    width: 96,
    by: ({ firedAtMs }) => firedAtMs,
    cell: ({ firedAtMs }) => <Time ms={firedAtMs} />,
  },
  {
    id: 'for',
    title: 'for',
    isNumber: true,
    width: 112,
    by: ({ firedAtMs, resolvedAtMs }) => (resolvedAtMs ?? nowMs.value) - firedAtMs,
    cell: ({ firedAtMs, resolvedAtMs }) => span(Math.max(0, (resolvedAtMs ?? nowMs.value) - firedAtMs)),
  },
  {
    id: 'state',
    title: 'state',
    width: 104,
    by: ({ resolvedAtMs }) => (resolvedAtMs === null ? 1 : 0),
    cell: ({ resolvedAtMs }) => (
      <span class="row">
        <Mark state={resolvedAtMs === null ? 'fail' : 'off'} label="" />
        {resolvedAtMs === null ? 'fires' : 'resolved'}
      </span>
    ),
  },
  {
    id: 'name',
    title: 'alert',
    width: 200,
    by: ({ name }) => name,
    cell: ({ name, id }) => <a href={href('/alerts', { alert: id })}>{name}</a>,
  },
  {
    id: 'service',
    title: 'service',
    width: 200,
    by: ({ labels }) => labels.job,
    cell: ({ labels }) =>
      labels.job === undefined ? '' : <ServiceLink service={labels.job.replace(/^.*\//, '')} />,
  },
  {
    id: 'summary',
    title: 'summary',
    isWide: true,
    cell: ({ summary }) => <span title={summary}>{summary}</span>,
  },
  {
    id: 'trace',
    title: 'trace',
    width: 104,
    cell: ({ evidence }) => {
      const worst = evidence?.traces[0];
      return worst === undefined ? (
        ''
      ) : (
        <a class="link" href={href(`/traces/${worst.traceId}`, { span: worst.spanId })}>
          worst trace
        </a>
      );
    },
  },
];

function History({ of }: { readonly of: readonly Episode[] }) {
  return (
    <section class="section">
      <div class="section-head">
        <h2>Last day</h2>
        <span class="quiet">{counted(of.length, 'alert')}</span>
      </div>
      {of.length === 0 ? (
        <p class="quiet none">Nothing has fired.</p>
      ) : (
        <Table
          name="history"
          label="what fired within a day"
          rows={of}
          columns={columns}
          keyOf={({ id, firedAtMs }) => `${id} ${firedAtMs}`}
          order="-fired"
        />
      )}
    </section>
  );
}
