import { href } from '../address/address.js';
import { windowParams } from '../address/time-window.js';
import type { TemplatesAnswer } from '../data/answers.js';
import { type Params, useQuestion } from '../data/question.js';
import { Answered } from '../parts/empty.js';
import { count } from '../parts/format.js';
import { ServiceLink, Time } from '../parts/links.js';
import { type Column, Table } from '../parts/table.js';
import { equals } from '../trace/span-detail.js';
import { LEVELS } from './log-filter.js';

type Template = TemplatesAnswer['templates'][number];

const columns: readonly Column<Template>[] = [
  {
    id: 'count',
    title: 'lines',
    isNumber: true,
    width: 96,
    by: (row) => row.count,
    cell: (row) => count(row.count),
  },
  {
    id: 'worst',
    title: 'worst',
    width: 72,
    by: (row) => -row.worst,
    cell: ({ worst }) => {
      const level = LEVELS[Math.floor((worst - 1) / 4)] ?? 'info';
      return <span class={`level level-${level}`}>{level}</span>;
    },
  },
  {
    id: 'service',
    title: 'service',
    width: 180,
    by: (row) => row.example.service,
    cell: ({ example }) => <ServiceLink service={example.service} />,
  },
  {
    id: 'template',
    title: 'pattern',
    isWide: true,
    by: (row) => row.template,
    cell: ({ template }) => (
      <a class="mono" href={href('/logs', { q: equals('template', template) })} title={template}>
        {template}
      </a>
    ),
  },
  {
    id: 'last',
    title: 'last',
    width: 112,
    isNumber: true,
    by: (row) => row.example.timeMs,
    cell: ({ example }) => <Time ms={example.timeMs} hasMillis />,
  },
];

/** Lines that differ in numbers only, counted. */
export function Patterns({ params }: { readonly params: Params }) {
  const answer = useQuestion<TemplatesAnswer>(
    'logs/templates',
    { ...windowParams.value, ...params, limit: 1_000 },
    { everyMs: 5_000 },
  );
  return (
    <Answered of={answer}>
      {({ templates }) => (
        <Table
          name="patterns"
          label="lines that differ in numbers only"
          rows={templates}
          columns={columns}
          keyOf={({ template }) => template}
          order="-count"
          limit={40}
        />
      )}
    </Answered>
  );
}
