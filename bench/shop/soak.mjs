// Memory of the shop's services and of its console under load: node bench/shop/soak.mjs --minutes 30. It prints a table in Markdown.
// With --memory 16MiB the store of the console is soon full, as it is after hours with more.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from '../environment.mjs';
import { table } from '../table.mjs';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, memory: { type: 'string', default: '256MiB' } },
});
const minutes = Number(values.minutes);
const sampleMs = 15_000;
/** When memory is read for the table, as shares of the whole; the first tenth is the warm-up. */
const moments = [0.1, 0.25, 0.5, 0.75, 1];

const file = fileURLToPath(new URL('../../examples/shop/demo.mjs', import.meta.url));
const demo = spawn(
  process.execPath,
  [file, '--headless', '--minutes', String(minutes), '--memory', values.memory],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);
let said = '';
demo.stdout.setEncoding('utf8').on('data', (text) => {
  said += text;
});
const closed = once(demo, 'close');

/** Samples of resident memory by process: `{ atMs, mib }`. */
const samples = new Map();
let status = {};
let errors = 0;
const sampling = setInterval(async () => {
  const url = /console is at (\S+)/.exec(said)?.[1];
  if (url === undefined || !said.includes('all services are ready')) return;
  for (const [name, mib] of residentMemory()) {
    if (!samples.has(name)) samples.set(name, []);
    samples.get(name).push({ at: performance.now(), mib });
  }
  try {
    status = await (await fetch(`${url}/api/status`)).json();
    const { rows } = await (await fetch(`${url}/api/logs?level=error&limit=1000&window=24h`)).json();
    errors = rows.length;
  } catch {
    // It has just ended.
  }
}, sampleMs);
const [code] = await closed;
clearInterval(sampling);

const all = [...samples.values()].flat().map(({ at }) => at);
const from = Math.min(...all);
const to = Math.max(...all);
console.log(describeMachine());
console.log(`\n${minutes} minutes, resident memory in MiB\n`);
console.log(
  table(
    ['process', ...moments.map((share) => `${(share * minutes).toFixed(0)} min`), 'MiB/h in the 2nd half'],
    [...samples].map(([name, list]) => [
      name,
      ...moments.map((share) => nearest(list, from + share * (to - from)).mib.toFixed(0)),
      slope(list.filter(({ at }) => at >= from + (to - from) / 2)).toFixed(1),
    ]),
    { isMarkdown: true },
  ),
);
console.log(`\n${said.trim().split('\n').at(-1).slice(10)}; exit code ${code}`);
console.log(
  `processes that ended by themselves: ${said.match(/is not started again/g)?.length ?? 0}; log lines of errors: ${errors}`,
);
console.log(`the console: ${JSON.stringify(status)}`);

/** Of the runner's children, by what they run. */
function* residentMemory() {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,rss=,args='], { encoding: 'utf8' }).trim().split('\n');
  const counts = new Map();
  for (const row of rows) {
    const [, pid, parent, rss, args] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/.exec(row);
    if (Number(pid) === demo.pid) yield ['runner, load, balancers', Number(rss) / 1_024];
    if (Number(parent) !== demo.pid) continue;
    const [, service] = /(?:services|\.cache)\/(\w+)[^/]*$/.exec(args) ?? [];
    const name = service ?? (args.includes('main.js console') ? 'console' : undefined);
    if (name === undefined) continue;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    yield [`${name} ${counts.get(name) > 1 ? counts.get(name) : ''}`.trim(), Number(rss) / 1_024];
  }
}

function nearest(list, at) {
  return list.reduce((best, one) => (Math.abs(one.at - at) < Math.abs(best.at - at) ? one : best));
}

/** MiB an hour, by least squares. */
function slope(list) {
  const mean = (numbers) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  const at = mean(list.map((one) => one.at));
  const mib = mean(list.map((one) => one.mib));
  const over = list.reduce((sum, one) => sum + (one.at - at) * (one.mib - mib), 0);
  const under = list.reduce((sum, one) => sum + (one.at - at) ** 2, 0);
  return under === 0 ? 0 : (over / under) * 3_600_000;
}
