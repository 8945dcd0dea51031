import type { ComponentChildren } from 'preact';
import { href } from '../address/address.js';
import { windowParams } from '../address/time-window.js';
import type { LogRow, Rows, SignalRow, TraceRow } from '../data/answers.js';
import { useQuestion } from '../data/question.js';
import { Answered } from '../parts/empty.js';
import { counted, duration } from '../parts/format.js';
import { routeHref, ServiceLink, Time, TraceLink, traceHref } from '../parts/links.js';
import { Mark } from '../parts/mark.js';
import { RED_COLUMNS } from '../parts/red-columns.js';
import { type Column, Table } from '../parts/table.js';

interface OfService {
  readonly service: string;
  readonly route: string;
}

export function Routes({ service, route }: OfService) {
  const routes = useQuestion<Rows<SignalRow>>('routes', { service, ...windowParams.value });
  const columns: readonly Column<SignalRow>[] = [
    {
      id: 'route',
      title: 'Route',
      by: ({ name }) => name,
      cell: ({ name }) => <a href={routeHref(service, name === route ? '' : name)}>{name}</a>,
    },
    ...RED_COLUMNS,
  ];
  return (
    <Section title="Routes" of={routes} empty="No request was answered within this time">
      {(rows) => (
        <Table
          name="routes"
          label="routes"
          rows={rows}
          columns={columns}
          keyOf={({ name }) => name}
          order="-rate"
          limit={12}
          isChosen={({ name }) => name === route}
        />
      )}
    </Section>
  );
}

export function Databases({ service }: { readonly service: string }) {
  const databases = useQuestion<Rows<SignalRow>>('databases', { service, ...windowParams.value });
  const columns: readonly Column<SignalRow>[] = [
    {
      id: 'operation',
      title: 'Operation',
      by: ({ name }) => name,
      cell: ({ name }) => (
        <a class="mono" href={href('/traces', { service, name })}>
          {name}
        </a>
      ),
    },
    { id: 'target', title: 'database', width: 200, by: ({ target }) => target, cell: ({ target }) => target },
    ...RED_COLUMNS,
  ];
  const rows = databases.data.value?.rows ?? [];
  // Most services have no database; the page of such a service has no section for it.
  if (rows.length === 0) return null;
  return (
    <Section title="Database operations" of={databases} empty="">
      {(all) => (
        <Table
          name="databases"
          label="database operations"
          rows={all}
          columns={columns}
          keyOf={({ name, target }) => `${name} ${target}`}
          order="-p99"
          limit={12}
        />
      )}
    </Section>
  );
}

export function Calls({ service }: { readonly service: string }) {
  const edges = useQuestion<Rows<SignalRow>>('edges', { service, ...windowParams.value });
  const columns: readonly Column<SignalRow>[] = [
    {
      id: 'target',
      title: 'Calls',
      by: ({ target }) => target,
      cell: ({ target, callees }) => (
        <span class="row">
          {callees.map((callee) => (
            <ServiceLink key={callee.service} service={callee.service} />
          ))}
          <span class={callees.length === 0 ? 'mono' : 'mono quiet'}>{target}</span>
        </span>
      ),
    },
    ...RED_COLUMNS,
  ];
  const rows = edges.data.value?.rows ?? [];
  if (rows.length === 0) return null;
  return (
    <Section title="Calls to others" of={edges} empty="">
      {(all) => (
        <Table
          name="calls"
          label="calls to others"
          rows={all}
          columns={columns}
          keyOf={({ target }) => target}
          order="-rate"
          limit={12}
        />
      )}
    </Section>
  );
}

const traceColumns: readonly Column<TraceRow>[] = [
  {
    id: 'start',
    title: 'Time',
    width: 88,
    by: ({ startMs }) => startMs,
    cell: ({ startMs }) => <Time ms={startMs} />,
  },
  {
    id: 'root',
    title: 'root',
    by: ({ name }) => name,
    cell: ({ traceId, name, errors }) => (
      <a class="row" href={traceHref(traceId)}>
        {errors > 0 && <Mark state="fail" label="has errors" />}
        <span class="cut">{name}</span>
      </a>
    ),
  },
  {
    id: 'http',
    title: 'status',
    isNumber: true,
    width: 64,
    by: ({ http }) => http,
    cell: ({ http }) => http || '',
  },
  {
    id: 'spans',
    title: 'spans',
    isNumber: true,
    width: 64,
    by: ({ spans }) => spans,
    cell: ({ spans }) => spans,
  },
  {
    id: 'duration',
    title: 'duration',
    isNumber: true,
    width: 88,
    by: ({ durationMs }) => durationMs,
    cell: ({ durationMs }) => duration(durationMs),
  },
];

/** The slowest traces, or those that failed. */
export function WorstTraces({ service, route, isFailed }: OfService & { readonly isFailed: boolean }) {
  const params = isFailed ? { error: true } : { sort: 'slowest' };
  const traces = useQuestion<Rows<TraceRow>>(
    'traces',
    { service, route, limit: 10, ...params, ...windowParams.value },
    { everyMs: 4_000 },
  );
  const title = isFailed ? 'Failed traces' : 'Slowest traces';
  return (
    <Section
      title={title}
      of={traces}
      empty={isFailed ? 'No request failed within this time' : 'No trace within this time'}
      more={href('/traces', { service, route, ...(isFailed ? { error: 'true' } : { sort: 'slowest' }) })}
    >
      {(rows) => (
        <Table
          name={isFailed ? 'failed' : 'slowest'}
          label={title}
          rows={rows}
          columns={traceColumns}
          keyOf={({ traceId }) => traceId}
          order={isFailed ? '-start' : '-duration'}
          limit={10}
        />
      )}
    </Section>
  );
}

const logColumns: readonly Column<LogRow>[] = [
  {
    id: 'time',
    title: 'Time',
    width: 104,
    by: ({ timeMs }) => timeMs,
    cell: ({ timeMs }) => <Time ms={timeMs} hasMillis />,
  },
  {
    id: 'level',
    title: 'level',
    width: 72,
    by: ({ severity }) => severity,
    cell: ({ level, severity }) => (
      <span class={severity >= 17 ? 'is-fail' : severity >= 13 ? 'is-warn' : 'quiet'}>
        {level.toUpperCase()}
      </span>
    ),
  },
  {
    id: 'body',
    title: 'line',
    isWide: true,
    cell: ({ body }) => (
      <span class="mono" title={body}>
        {body}
      </span>
    ),
  },
  {
    id: 'trace',
    title: 'trace',
    width: 96,
    cell: ({ traceId, spanId }) => (traceId === '' ? '' : <TraceLink traceId={traceId} spanId={spanId} />),
  },
];

export function LatestLogs({ service }: { readonly service: string }) {
  const logs = useQuestion<Rows<LogRow>>('logs', { service, limit: 12, ...windowParams.value });
  return (
    <Section
      title="Latest log lines"
      of={logs}
      empty="No log line within this time"
      more={href('/logs', { service })}
    >
      {(rows) => (
        <Table
          name="logs"
          label="latest log lines"
          rows={rows}
          columns={logColumns}
          keyOf={({ timeMs, spanId, body }) => `${timeMs} ${spanId} ${body}`}
          limit={12}
        />
      )}
    </Section>
  );
}

interface SectionProps<Row> {
  readonly title: string;
  readonly of: Parameters<typeof Answered<Rows<Row>>>[0]['of'];
  readonly empty: string;
  readonly more?: string;
  readonly children: (rows: readonly Row[]) => ComponentChildren;
}

function Section<Row>({ title, of, empty, more, children }: SectionProps<Row>) {
  return (
    <section class="section">
      <div class="section-head">
        <h2>{title}</h2>
        <span class="quiet">{of.data.value !== undefined && counted(of.data.value.rows.length, 'row')}</span>
        <span class="grow" />
        {more !== undefined && (
          <a class="link" href={more}>
            all
          </a>
        )}
      </div>
      <Answered of={of}>
        {({ rows }) => (rows.length === 0 ? <p class="quiet none">{empty}</p> : children(rows))}
      </Answered>
    </section>
  );
}
