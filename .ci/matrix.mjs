// Services beside every OpenTelemetry that there is: node .ci/matrix.mjs [--all]. Build dist/ first. The whole is { API 1.9.1, 1.10 } x
// { no SDK, SDK of that line } x { ours first, theirs first } x { ES module, CommonJS, both } x { Node 20, 22, 24, 26 } x { npm, pnpm };
// without --all it is a cut in which every value meets every value of each other dimension.
// No install may fail or bring a second copy of the API, and no signal may be lost.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { nodeBinary } from './node-binary.mjs';
import { totals } from './sum-reports.mjs';
import { writeReport } from './vitest-report.mjs';

const root = dirname(import.meta.dirname);
const api19 = { '@opentelemetry/api': '1.9.1' };
const api110 = { '@opentelemetry/api': '1.10.0' };
const applications = {
  'API 1.9': api19,
  'API 1.10': api110,
  'SDK 0.223': { ...api19, '@opentelemetry/sdk-node': '0.223.0', '@opentelemetry/api-logs': '0.223.0' },
  'SDK 0.301': { ...api110, '@opentelemetry/sdk-node': '0.301.0' },
};
const dimensions = {
  application: Object.keys(applications),
  order: ['ours', 'theirs'],
  module: ['esm', 'cjs', 'both'],
  node: ['20', '22', '24', '26'],
  manager: ['npm', 'pnpm'],
};
const named = process.argv.indexOf('--node');
if (named > 0) dimensions.node = process.argv[named + 1].split(',');

const cells = process.argv.includes('--all') ? product(dimensions) : pairwise(product(dimensions));
const base = mkdtempSync(join(tmpdir(), 'golden-signals-matrix-'));
const folders = new Map();
const results = [];
try {
  const [{ filename }] = JSON.parse(
    npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', base),
  );
  for (const cell of cells) {
    const title = Object.values(cell).join(', ');
    let failure;
    try {
      await run(cell, folderOf(cell, join(base, filename)));
    } catch (error) {
      failure = error.message;
    }
    console.log(
      `${failure === undefined ? 'ok  ' : 'FAIL'} ${title}${failure === undefined ? '' : `: ${failure}`}`,
    );
    results.push({ title, file: import.meta.filename, failure });
  }
} finally {
  rmSync(base, { recursive: true, force: true });
}
if (process.env.TEST_REPORT !== undefined) writeReport(process.env.TEST_REPORT, results);
const failed = results.filter(({ failure }) => failure !== undefined).length;
console.log(`\n${totals({ passed: results.length - failed, failed })} of the matrix`);
if (failed > 0) process.exitCode = 1;

function product(all) {
  return Object.entries(all).reduce(
    (list, [name, values]) => list.flatMap((cell) => values.map((value) => ({ ...cell, [name]: value }))),
    [{}],
  );
}

/** Takes the cell that has most pairs of values that no other has had, until there are none. */
function pairwise(all) {
  const pairsOf = (cell) => {
    const values = Object.entries(cell).map(([name, value]) => `${name}=${value}`);
    return values.flatMap((one, index) => values.slice(index + 1).map((two) => `${one} ${two}`));
  };
  const open = new Set(all.flatMap(pairsOf));
  const taken = [];
  while (open.size > 0) {
    const gain = (cell) => pairsOf(cell).filter((pair) => open.has(pair)).length;
    const best = all.reduce((most, cell) => (gain(cell) > gain(most) ? cell : most));
    for (const pair of pairsOf(best)) open.delete(pair);
    taken.push(best);
  }
  return taken;
}

/** The application with golden-signals, installed once for each package manager. */
function folderOf({ application, manager }, tarball) {
  const key = `${application} ${manager}`;
  let folder = folders.get(key);
  if (folder === undefined) {
    folder = join(base, key.replaceAll(' ', '-'));
    mkdirSync(folder);
    const dependencies = { ...applications[application], 'golden-signals': `file:${tarball}` };
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'orders', private: true, dependencies }),
    );
    if (manager === 'npm')
      npm(folder, 'install', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts');
    else
      npm(
        folder,
        'exec',
        '--yes',
        '--package=pnpm@10',
        '--',
        'pnpm',
        'install',
        '--prefer-offline',
        '--ignore-scripts',
        '--strict-peer-dependencies',
      );
    cpSync(join(import.meta.dirname, 'matrix-service.mjs'), join(folder, 'service.mjs'));
    folders.set(key, folder);
  }
  const copies = copiesOfApi(join(folder, 'node_modules'));
  if (copies.size !== 1) throw new Error(`${copies.size} copies of the API`);
  return folder;
}

function copiesOfApi(folder) {
  const files = readdirSync(folder, { recursive: true });
  const inside = files.filter((file) => /(?:^|[\\/])@opentelemetry[\\/]api[\\/]package\.json$/.test(file));
  return new Set(inside.map((file) => realpathSync(join(folder, file))));
}

function npm(cwd, ...args) {
  return execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1e8,
  });
}

/** Runs the service, and compares what a collector has got. */
async function run({ module, order, node }, folder) {
  const got = [];
  const collector = createServer((req, res) => {
    let body = '';
    req.setEncoding('latin1').on('data', (chunk) => {
      body += chunk;
    });
    req.on('end', () => {
      got.push({ path: req.url, body });
      res.end();
    });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const program = nodeBinary(node);
  const child = spawn(program, ['service.mjs', module, order], {
    cwd: folder,
    env: {
      PATH: `${dirname(program)}${delimiter}${process.env.PATH}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.address().port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_LOGS_EXPORTER: 'otlp',
      OTEL_SERVICE_NAME: 'orders',
    },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      printed += chunk;
    });
  }
  const guard = setTimeout(() => child.kill('SIGKILL'), 30_000);
  const [code] = await once(child, 'close');
  clearTimeout(guard);
  collector.close();
  if (code !== 0) throw new Error(`exit ${code}: ${printed}`);
  const wanted = [
    ['/v1/traces', 'url.path'],
    ['/v1/traces', 'early'],
    ['/v1/traces', 'other'],
    ['/v1/traces', 'late'],
    ['/v1/metrics', 'sold'],
    ['/v1/metrics', 'http.server.request.duration'],
    ...(printed.includes('with logs') ? [['/v1/logs', 'said']] : []),
  ];
  const lost = wanted.filter(
    ([path, text]) => !got.some((one) => one.path === path && one.body.includes(text)),
  );
  if (lost.length > 0)
    throw new Error(`lost ${lost.map((one) => one.join(' ')).join(', ')}; it printed: ${printed}`);
}
