// What the console takes and how fast it answers, with figures. `node bench/console/run.mjs [spans] [--json]` after `npm run build`.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = fileURLToPath(new URL('.', import.meta.url));
const main = join(here, '../../dist/cli/main.js');
const spans = Number(process.argv[2] ?? 2_000_000);
const memory = process.env.CONSOLE_MEMORY ?? '256MiB';

const began = performance.now();
const child = spawn(
  process.execPath,
  ['--require', join(here, 'probe.cjs'), main, 'console', '--port', '0', '--memory', memory],
  { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] },
);
child.stdout.setEncoding('utf8');
let said = '';
for await (const chunk of child.stdout) {
  said += chunk;
  if (said.includes('none of it on disk')) break;
}
const endpoint = /ENDPOINT=(\S+?),?\s/.exec(said)[1];
await fetch(`${endpoint}/v1/traces`, {
  method: 'POST',
  headers: { 'content-type': 'application/x-protobuf' },
  body: '',
});
const startMs = performance.now() - began;

const probe = async () => {
  child.send({});
  const [reading] = await once(child, 'message');
  return reading;
};
const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
const idle = await probe();
console.log(`start to first accepted request  ${startMs.toFixed(0)} ms`);
console.log(`idle                             ${mib(idle.rss)} RSS`);

const rounds = 4;
let last;
for (let round = 0; round < rounds; round += 1) {
  const before = await probe();
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(here, 'load.mjs'),
    endpoint,
    String(spans / rounds),
  ]);
  last = JSON.parse(stdout);
  const after = await probe();
  const cpu = (after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system) / 1e3;
  console.log(
    `${String(last.sent).padStart(9)} spans in ${(last.ms / 1e3).toFixed(1)} s: ${Math.round(last.sent / (last.ms / 1e3)).toLocaleString('en')} /s, ${Math.round(last.sent / (cpu / 1e3)).toLocaleString('en')} for each second of CPU, ${(last.bytes / last.sent).toFixed(0)} B each, ${last.refused} refused, RSS ${mib(after.rss)} (heap ${mib(after.heap)}, buffers ${mib(after.external)}), worst stall ${after.worstMs.toFixed(0)} ms`,
  );
}
await new Promise((resolve) => setTimeout(resolve, 3_000));
const status = await (await fetch(`${endpoint}/api/status`)).json();
const settled = await probe();
console.log(
  `held ${status.spans.toLocaleString('en')} spans in ${mib(status.bytes)}: ${(status.bytes / status.spans).toFixed(0)} B each; dropped ${status.droppedSpans.toLocaleString('en')}; RSS ${mib(settled.rss)}, ${((settled.rss - idle.rss) / status.spans).toFixed(0)} B a span`,
);

async function timed(name, path, times = 9) {
  const all = [];
  let size = 0;
  for (let index = 0; index < times; index += 1) {
    const from = performance.now();
    const body = await (await fetch(endpoint + path)).text();
    all.push(performance.now() - from);
    size = body.length;
  }
  all.sort((a, b) => a - b);
  const { worstMs } = await probe();
  console.log(
    `${name.padEnd(34)} ${all[Math.floor(times / 2)].toFixed(1).padStart(7)} ms (worst ${all.at(-1).toFixed(1)}), ${size} B, stall ${worstMs.toFixed(0)} ms`,
  );
}
await timed('trace by id', `/api/traces/${last.traceId}`);
await timed('service and duration', '/api/traces?service=payment-3&min=1s&limit=100');
await timed('service and duration, no hit', '/api/traces?service=payment-3&min=9s&limit=100');
await timed('newest 100 traces', '/api/traces?limit=100');
await timed('attribute, found', '/api/traces?attr=url.path=/orders/00000777&limit=1', 3);
await timed('attribute, not there', '/api/traces?attr=no.such=thing&limit=1', 3);
await timed('services', '/api/services');
await timed('map', '/api/map');
await timed('doctor', '/api/doctor');
child.kill('SIGTERM');
