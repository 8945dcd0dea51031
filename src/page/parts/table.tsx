import type { ComponentChildren } from 'preact';
import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import { address, setParams } from '../address/address.js';
import { count } from './format.js';
import { sortRows } from './sort-rows.js';

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  /** What the title stands for, on hover. */
  readonly hint?: string;
  readonly isNumber?: boolean;
  /** Takes a line of its own on a narrow screen. */
  readonly isWide?: boolean;
  /** In pixels; columns without share what is left. */
  readonly width?: number;
  /** What the column sorts by; one without cannot. */
  readonly by?: (row: Row) => string | number | null | undefined;
  readonly cell: (row: Row) => ComponentChildren;
}

interface TableProps<Row> {
  /** The parameter of the address in which its order is kept. */
  readonly name: string;
  /** For those who do not see it. */
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
  /** The order without a choice: a column, with `-` before it for greatest first. */
  readonly order?: string;
  /** So many rows are shown at first. */
  readonly limit?: number;
  /** What is shown under a row; undefined for nothing. */
  readonly under?: (row: Row) => ComponentChildren;
  readonly isChosen?: (row: Row) => boolean;
}

const mostRows = 1_000;

/** Rows that sort by each column, and say how many they leave out. */
export function Table<Row>({
  name,
  label,
  rows,
  columns,
  keyOf,
  order = '',
  limit = 20,
  under,
  isChosen,
}: TableProps<Row>) {
  const [isAll, setAll] = useState(false);
  const picked = address.value.params.get(`sort.${name}`);
  const chosen = picked ?? order;
  const isDown = chosen.startsWith('-');
  const sortedBy = isDown ? chosen.slice(1) : chosen;
  const sorted = sortRows(rows, columns.find(({ id }) => id === sortedBy)?.by, isDown);
  const shown = sorted.slice(0, isAll ? mostRows : limit);
  const leftOut = rows.length - shown.length;
  const sortBy = ({ id, isNumber }: Column<Row>) => {
    const next = sortedBy === id ? (isDown ? id : `-${id}`) : isNumber ? `-${id}` : id;
    setParams({ [`sort.${name}`]: next === order ? undefined : next }, true);
  };
  return (
    <div>
      <div class="table-scroll">
        <table class="table" aria-label={label}>
          <colgroup>
            {columns.map(({ id, width }) => (
              <col key={id} width={width} />
            ))}
          </colgroup>
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column.id}
                  scope="col"
                  class={column.isNumber ? 'number' : undefined}
                  title={column.hint}
                  aria-sort={sortedBy === column.id ? (isDown ? 'descending' : 'ascending') : undefined}
                >
                  {column.title === '' ? (
                    <span class="unseen">{column.id}</span>
                  ) : column.by === undefined ? (
                    column.title
                  ) : (
                    <button type="button" onClick={() => sortBy(column)}>
                      {column.title}
                      {picked !== null && sortedBy === column.id && (
                        <span class="sorted">{isDown ? '▼' : '▲'}</span>
                      )}
                    </button>
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <Fragment key={keyOf(row)}>
                <tr class={isChosen?.(row) ? 'is-chosen' : undefined}>
                  {columns.map((column, index) => {
                    const content = column.cell(row);
                    const isEmpty = content === '' || content === null || content === undefined;
                    return (
                      <td
                        key={column.id}
                        class={`${column.isNumber ? 'number' : ''}${isEmpty ? ' is-empty' : ''}${column.isWide ? ' is-wide' : ''}`}
                        data-label={index === 0 ? undefined : column.title}
                      >
                        {content}
                      </td>
                    );
                  })}
                </tr>
                {under?.(row)}
              </Fragment>
            ))}
          </tbody>
        </table>
      </div>
      {(leftOut > 0 || (isAll && rows.length > limit)) && (
        <div class="table-foot">
          <span>
            {count(shown.length)} of {count(rows.length)} rows
          </span>
          <button type="button" class="link" onClick={() => setAll(!isAll)}>
            {isAll ? 'show fewer' : `show ${count(Math.min(mostRows, rows.length))}`}
          </button>
        </div>
      )}
    </div>
  );
}
