import { useEffect, useState } from 'preact/hooks';
import { type Params, questionUrl } from '../data/question.js';

export interface Streamed<Row> {
  readonly rows: readonly Row[];
  readonly isComing: boolean;
  readonly error: string | undefined;
}

/** What has come is shown so often, in milliseconds. */
const showEveryMs = 200;

/** A long answer, a value in each line: it is shown as it comes. Without a path nothing is asked. */
export function useStreamedRows<Row>(path: string | undefined, params: Params): Streamed<Row> {
  const url = path === undefined ? undefined : questionUrl(path, { ...params, format: 'ndjson' });
  const [state, setState] = useState<Streamed<Row>>({ rows: [], isComing: true, error: undefined });
  useEffect(() => {
    if (url === undefined) return;
    const abort = new AbortController();
    setState({ rows: [], isComing: true, error: undefined });
    readLines<Row>(url, abort.signal, (rows) => setState({ rows, isComing: true, error: undefined })).then(
      (rows) => !abort.signal.aborted && setState({ rows, isComing: false, error: undefined }),
      (error: Error) =>
        !abort.signal.aborted && setState(({ rows }) => ({ rows, isComing: false, error: error.message })),
    );
    return () => abort.abort();
  }, [url]);
  return state;
}

async function readLines<Row>(
  url: string,
  signal: AbortSignal,
  onSome: (rows: readonly Row[]) => void,
): Promise<readonly Row[]> {
  const response = await fetch(url, { signal });
  if (!response.ok || response.body === null) throw new Error(`the console answered ${response.status}`);
  const rows: Row[] = [];
  let shownMs = performance.now();
  let rest = '';
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + part.value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) rows.push(JSON.parse(line) as Row);
    if (performance.now() - shownMs < showEveryMs) continue;
    shownMs = performance.now();
    onSome([...rows]);
  }
  return rows;
}
