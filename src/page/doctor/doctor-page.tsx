import type { DoctorAnswer, Finding, StatusAnswer } from '../data/answers.js';
import { nowMs } from '../data/clock.js';
import { useQuestion } from '../data/question.js';
import { Answered, Command } from '../parts/empty.js';
import { age, bytes, count, counted } from '../parts/format.js';
import { ServiceLink, TraceLink } from '../parts/links.js';
import { Mark, type State } from '../parts/mark.js';
import { type Column, Table } from '../parts/table.js';
import { setups } from './setups.js';

const states: Readonly<Record<number, State>> = { 3: 'fail', 2: 'warn', 1: 'fine' };
const words: Readonly<Record<number, string>> = {
  3: 'breaks what the page shows',
  2: 'hides something',
  1: 'good to know',
};

/** Why is it empty, why is it broken? */
export function DoctorPage() {
  const doctor = useQuestion<DoctorAnswer>('doctor', {}, { everyMs: 5_000, isTimeless: true });
  const status = useQuestion<StatusAnswer>('status', {}, { everyMs: 5_000, isTimeless: true });
  return (
    <div class="page">
      <div class="page-head">
        <h1>Doctor</h1>
        <span class="quiet">why something is missing, and what to type</span>
      </div>
      <Answered of={doctor}>
        {({ findings }) => (
          <section class="section" aria-label="findings">
            {findings.length === 0 ? (
              <p class="row well">
                <Mark state="fine" /> Nothing was found: parents are there, clocks agree, nothing was dropped.
              </p>
            ) : (
              findings.map((finding) => (
                <FindingRow key={`${finding.what} ${finding.service} ${finding.text}`} of={finding} />
              ))
            )}
          </section>
        )}
      </Answered>
      <Answered of={status}>{(held) => <Held of={held} />}</Answered>
      <section class="section">
        <div class="section-head">
          <h2>Where to point a service</h2>
          <span class="quiet">OTLP over HTTP, protobuf or JSON, at {location.origin}</span>
        </div>
        <div class="setups">
          {setups(location.origin).map(({ language, command }) => (
            <div key={language}>
              <h3>{language}</h3>
              <Command text={command} />
            </div>
          ))}
        </div>
      </section>
    </div>
  );
}

function FindingRow({ of: { harm, what, service, text, cure } }: { readonly of: Finding }) {
  const [, before = text, id, after = ''] = /^(.*?)\b([0-9a-f]{32})\b(.*)$/.exec(text) ?? [];
  return (
    <div class="finding">
      <Mark state={states[harm] ?? 'fine'} label={words[harm] ?? ''} />
      <div class="grow">
        <p>
          {before}
          {id !== undefined && <TraceLink traceId={id} />}
          {after}
        </p>
        <p class="quiet">{cure}</p>
      </div>
      {service !== '' && <ServiceLink service={service} />}
      <span class="quiet finding-kind">{what}</span>
    </div>
  );
}

type Holding = StatusAnswer['services'][number];

const columns: readonly Column<Holding>[] = [
  {
    id: 'service',
    title: 'Service',
    by: ({ service }) => service,
    cell: ({ service }) => <ServiceLink service={service} />,
  },
  {
    id: 'spans',
    title: 'spans',
    isNumber: true,
    width: 112,
    by: ({ spans }) => spans,
    cell: ({ spans }) => count(spans),
  },
  {
    id: 'kept',
    title: 'kept longer',
    hint: 'of traces that failed, were slow, or are examples',
    isNumber: true,
    width: 112,
    by: ({ keptSpans }) => keptSpans,
    cell: ({ keptSpans }) => count(keptSpans),
  },
  {
    id: 'logs',
    title: 'lines',
    isNumber: true,
    width: 112,
    by: ({ logs }) => logs,
    cell: ({ logs }) => count(logs),
  },
  {
    id: 'bytes',
    title: 'memory',
    isNumber: true,
    width: 112,
    by: ({ bytes: own }) => own,
    cell: ({ bytes: own }) => bytes(own),
  },
  {
    id: 'since',
    title: 'the last',
    isNumber: true,
    width: 96,
    by: ({ sinceMs }) => sinceMs,
    cell: ({ sinceMs }) => (sinceMs === null ? '' : age(nowMs.value - sinceMs)),
  },
  {
    id: 'dropped',
    title: 'dropped',
    isNumber: true,
    width: 112,
    by: ({ droppedSpans, droppedLogs }) => droppedSpans + droppedLogs,
    cell: ({ droppedSpans, droppedLogs }) => (
      <span class={droppedSpans + droppedLogs > 0 ? 'is-warn' : undefined}>
        {count(droppedSpans + droppedLogs)}
      </span>
    ),
  },
];

function Held({ of }: { readonly of: StatusAnswer }) {
  if (of.services.length === 0) return null;
  return (
    <section class="section">
      <div class="section-head">
        <h2>What is held</h2>
        <span class="quiet">
          {counted(of.services.length, 'service')}, {bytes(of.bytes)} of {bytes(of.maxBytes)}; received{' '}
          {count(of.received.spans)} spans, {count(of.received.logs)} lines, {count(of.received.points)}{' '}
          points of metrics
        </span>
      </div>
      <Table
        name="held"
        label="what is held"
        rows={of.services}
        columns={columns}
        keyOf={({ service }) => service}
        order="-bytes"
      />
    </section>
  );
}
