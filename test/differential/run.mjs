// Runs each situation bare and instrumented, in processes of their own, and compares all that can be observed:
//   npm run test:differential [-- --node 20,24] [-- part of a name ...]
import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { nodeBinary } from '../../.ci/node-binary.mjs';
import { totals } from '../../.ci/sum-reports.mjs';
import { writeReport } from '../../.ci/vitest-report.mjs';
import { additions, explained } from './explained.mjs';
import { install } from './install.mjs';
import { differencesOf } from './support/differences.mjs';
import { observe } from './support/run.mjs';

const concurrency = 2;
const home = dirname(fileURLToPath(import.meta.url));
const given = process.argv.slice(2);
const chosen = given.includes('--node')
  ? given.splice(given.indexOf('--node'), 2)[1].split(',')
  : ['20', '24'];
const isVerbose = given.includes('--verbose') && given.splice(given.indexOf('--verbose'), 1).length > 0;

const startedMs = Date.now();
await install();
const nodes = chosen.map((major) => ({ major, binary: nodeBinary(major) }));
const situations = await situationsIn(join(home, 'situations'));
const selected = situations.filter(
  ({ name }) => given.length === 0 || given.some((part) => name.includes(part)),
);
if (selected.length === 0) throw new Error(`no situation is called ${given.join(' or ')}`);
console.log(`${selected.length} situations, ready after ${seconds(Date.now() - startedMs)}`);

const collector = await startCollector();
const needed = new Set();
const results = [];
const waiting = nodes.flatMap((node) =>
  selected.filter((situation) => fits(situation, node)).map((situation) => ({ node, situation })),
);
await Promise.all(
  Array.from({ length: concurrency }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      results.push(await judge(next));
  }),
);
collector.close();
if (given.length === 0 && chosen.length === 2) results.push(...unneeded());
report();

function fits({ module }, { major }) {
  return module.since === undefined || Number(major) >= module.since;
}

async function judge({ node, situation }) {
  const title = `${situation.name} on Node ${node.major}`;
  const began = Date.now();
  let failure;
  try {
    failure = await compare({ node, situation });
  } catch (error) {
    failure = error.stack;
  }
  const durationMs = Date.now() - began;
  console.log(`${failure === undefined ? 'ok  ' : 'FAIL'} ${title} (${seconds(durationMs)})`);
  if (failure !== undefined) console.log(failure.replace(/^/gm, '     '));
  return { title, file: situation.file, failure, durationMs };
}

/** What is wrong, or undefined. */
async function compare({ node, situation }) {
  const run = (mode) => observe(situation, { mode, node: node.binary, collector: collector.url });
  const bare = await run('bare');
  if (bare.observation['!'] !== undefined) return `the bare run failed: ${bare.observation['!']}`;
  const instrumented = await run('instrumented');
  if (isVerbose) console.log(JSON.stringify(bare.observation, null, 2));
  if (!instrumented.isProven) return 'the instrumented run was not instrumented';
  const left = unexplained(situation, bare.observation, instrumented.observation);
  if (left.length === 0) return undefined;
  // Not to excuse the difference, but to say whose it is.
  const again = await run('bare');
  const noise = differencesOf(bare.observation, again.observation).map(({ path }) => path);
  const heading = noise.length === 0 ? '' : `two bare runs differ too: ${noise.join(', ')}\n`;
  return heading + left.map(shown).join('\n');
}

function unexplained(situation, bare, instrumented) {
  let observation = instrumented;
  for (const addition of additions) {
    const taken = addition.take(observation, bare, situation.name);
    if (
      differencesOf(taken, observation).some(
        ({ bare: a, instrumented: b }) => a !== undefined || b !== undefined,
      )
    ) {
      needed.add(addition);
    }
    observation = taken;
  }
  return differencesOf(bare, observation).filter((difference) => {
    const entry = explained.find(
      ({ where, fits: isMeant }) =>
        where.test(`${situation.name}: ${difference.path}`) && isMeant(difference),
    );
    if (entry !== undefined) needed.add(entry);
    return entry === undefined;
  });
}

function unneeded() {
  return [...additions, ...explained]
    .filter((entry) => !needed.has(entry))
    .map(({ name, where, reason }) => ({
      title: `explained.mjs: ${name ?? where}`,
      file: join(home, 'explained.mjs'),
      failure: `No run needs this entry any more; take it out. It said: ${reason}`,
      durationMs: 0,
    }));
}

function shown({ path, bare, instrumented }) {
  if (Array.isArray(bare) && Array.isArray(instrumented)) {
    const missing = bare.filter((line) => !instrumented.includes(line));
    const more = instrumented.filter((line) => !bare.includes(line));
    if (missing.length + more.length > 0) {
      return `${path}: missing ${JSON.stringify(missing)}, too much ${JSON.stringify(more)}`;
    }
  }
  return `${path}:\n  bare         ${JSON.stringify(bare)}\n  instrumented ${JSON.stringify(instrumented)}`;
}

function report() {
  const failed = results.filter(({ failure }) => failure !== undefined);
  const sum = { passed: results.length - failed.length, failed: failed.length };
  if (process.env.TEST_REPORT !== undefined) writeReport(process.env.TEST_REPORT, results);
  if (failed.length > 0) {
    console.log(`\nnot as without us:\n${failed.map(({ title }) => `  ${title}`).join('\n')}`);
    process.exitCode = 1;
  }
  console.log(`\n${totals(sum)} in ${seconds(Date.now() - startedMs)}`);
}

async function situationsIn(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.mjs'));
  const found = files.sort().map(async (name) => {
    const file = join(folder, name);
    return {
      name: relative(folder, file).replace(/\.mjs$/, ''),
      file,
      module: await import(pathToFileURL(file)),
    };
  });
  return Promise.all(found);
}

/** Takes all telemetry, and keeps nothing of it. */
async function startCollector() {
  const server = createServer((req, res) => {
    req.resume().on('end', () => res.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function seconds(ms) {
  return `${(ms / 1_000).toFixed(1)} s`;
}
