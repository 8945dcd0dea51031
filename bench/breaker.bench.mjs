// What a circuit breaker costs: a successful call, a rejected one, a failing one with a full window, and one that idles.
//
//     node --expose-gc bench/breaker.bench.mjs
//
// Ends with exit code 1 when a claim at its end does not hold. opossum 9 and cockatiel 3 are development dependencies of this file
// alone. Subjects take turns in short rounds, so that a noisy machine is noisy for all of them; printed is the median round.
import { CountBreaker, circuitBreaker, handleAll } from 'cockatiel';
import Opossum from 'opossum';
import { describeMachine } from './environment.mjs';
import { median, quantile } from './median.mjs';
import { loadSource } from './source.mjs';
import { table } from './table.mjs';

if (globalThis.gc === undefined) throw new Error('run with --expose-gc');

const { resolveBreaker, createBreakerRegistry, createBreaker } = await loadSource([
  'breaker/options.ts',
  'breaker/registry.ts',
  'breaker.ts',
]);

const rounds = 31;
const ok = async () => 1;
const boom = new Error('boom');
const fail = async () => {
  throw boom;
};
const silent = () => {};
const hour = 3_600_000;

function createCockatiel({ size = 100, threshold = 0.5 } = {}) {
  return circuitBreaker(handleAll, { halfOpenAfter: hour, breaker: new CountBreaker({ threshold, size }) });
}

/** Runs the subjects in turn and returns for each the nanoseconds of one call, round by round. */
async function measure(subjects, { calls, rounds: count = rounds }) {
  const times = new Map(subjects.map(([name]) => [name, []]));
  const loop = async (call) => {
    const from = process.hrtime.bigint();
    for (let i = 0; i < calls; i += 1) await call();
    return Number(process.hrtime.bigint() - from) / calls;
  };
  for (const [, call] of subjects) for (let i = 0; i < 3; i += 1) await loop(call);
  for (let round = 0; round < count; round += 1) {
    for (const [name, call] of subjects) {
      times.get(name).push(await loop(call));
    }
  }
  return times;
}

/** Prints what was measured, and returns for each subject what it adds to `base`. */
function print(title, times, base = 0) {
  const rows = [...times].map(([name, all]) => [
    name,
    median(all).toFixed(0),
    (median(all) - base).toFixed(0),
    `${quantile(all, 0.1).toFixed(0)}–${quantile(all, 0.9).toFixed(0)}`,
  ]);
  console.log(`\n${title}\n${table(['', 'ns/call', 'added', 'p10–p90'], rows, { isMarkdown: false })}`);
  return Object.fromEntries([...times].map(([name, all]) => [name, median(all) - base]));
}

async function measureSuccess() {
  const ours = createBreaker();
  const byCount = createBreaker({ windowCalls: 100 });
  const slow = createBreaker({ slowCallMs: 1_000 });
  const twoStep = createBreaker();
  const peer = createCockatiel();
  const other = new Opossum(ok);
  const times = await measure(
    [
      ['bare await', ok],
      ['ours', () => ours.run(ok)],
      [
        'ours, two-step',
        () => {
          const permit = twoStep.tryAcquire();
          return ok().then((value) => {
            permit.success();
            return value;
          });
        },
      ],
      ['ours, windowCalls 100', () => byCount.run(ok)],
      ['ours, slowCallMs', () => slow.run(ok)],
      ['cockatiel, count 100', () => peer.execute(ok)],
      ['opossum, default', () => other.fire()],
    ],
    { calls: 20_000 },
  );
  other.shutdown();
  return print('A successful call', times, median(times.get('bare await')));
}

async function measureRejection() {
  const ours = createBreaker({}, { name: 'payment:8080' });
  ours.forceOpen();
  const opened = createBreaker({ windowCalls: 1, openMs: hour }, { name: 'payment:8080' });
  opened.tryAcquire().failure();
  const peer = createCockatiel({ size: 1 });
  await peer.execute(fail).catch(silent);
  const other = new Opossum(fail, { resetTimeout: hour });
  await other.fire().catch(silent);
  const twoStep = () => {
    if (opened.tryAcquire() === undefined) throw opened.rejection();
  };
  const times = await measure(
    [
      ['ours', () => opened.run(ok).catch(silent)],
      ['ours, forced open', () => ours.run(ok).catch(silent)],
      [
        'ours, two-step',
        () => {
          try {
            return twoStep();
          } catch {
            return undefined;
          }
        },
      ],
      ['cockatiel', () => peer.execute(ok).catch(silent)],
      ['opossum', () => other.fire().catch(silent)],
    ],
    { calls: 5_000 },
  );
  other.shutdown();
  return print('A rejected call', times);
}

async function measureFailure(held) {
  const options = { failureRatio: 1, windowMs: hour };
  const empty = createBreaker(options);
  const full = createBreaker(options);
  const fullByCount = createBreaker({ failureRatio: 1, windowCalls: held });
  const peer = createCockatiel({ size: held, threshold: 0.999 });
  const other = new Opossum(async (isFailure) => (isFailure ? fail() : 1), {
    errorThresholdPercentage: 100,
    rollingCountTimeout: hour,
  });
  empty.tryAcquire().success();
  for (let i = 0; i < held; i += 1) {
    full.tryAcquire().success();
    fullByCount.tryAcquire().success();
    await peer.execute(ok);
    await other.fire(false);
  }
  const quick = await measure(
    [
      ['bare', () => fail().catch(silent)],
      ['ours, 1 call held', () => empty.run(fail).catch(silent)],
      [`ours, ${held} held`, () => full.run(fail).catch(silent)],
      [`ours, windowCalls ${held}`, () => fullByCount.run(fail).catch(silent)],
      ['cockatiel', () => peer.execute(fail).catch(silent)],
    ],
    { calls: Math.min(2_000, held / 50) },
  );
  const slow = await measure([['opossum', () => other.fire(true).catch(silent)]], { calls: 2, rounds: 3 });
  other.shutdown();
  return print(
    `A failing call, ${held} calls in the window`,
    new Map([...quick, ...slow]),
    median(quick.get('bare')),
  );
}

async function heapOf(create) {
  const kept = [];
  for (let i = 0; i < 100; i += 1) create(i);
  gc();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 10_000; i += 1) kept.push(create(i));
  gc();
  const bytes = (process.memoryUsage().heapUsed - before) / kept.length;
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const from = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const { user, system } = process.cpuUsage(from);
  return { bytes, timers, cpuPercent: (user + system) / 20_000, kept };
}

async function measureIdle() {
  const registry = createBreakerRegistry({
    resolve: () => usual,
    clock: { now: () => performance.now() },
    random: Math.random,
    max: 20_000,
  });
  const usual = resolveBreaker({ openMs: 4_000 });
  const used = (breaker, calls, failed) => {
    for (let i = 0; i < calls; i += 1) breaker.tryAcquire().success();
    for (let i = 0; i < failed; i += 1) breaker.tryAcquire().failure(undefined, 'ECONNRESET');
    return breaker;
  };
  const subjects = [
    ['ours, never called', (i) => createBreaker({}, { name: `host-${i}:80` })],
    ['ours, 100 calls', (i) => used(createBreaker({}, { name: `host-${i}:80` }), 100, 0)],
    ['ours, 100 calls, 10 failed', (i) => used(createBreaker({}, { name: `host-${i}:80` }), 90, 10)],
    ['ours in a registry, 100 calls, 10 failed', (i) => used(registry.get(`host-${i}:80`), 90, 10)],
    ['cockatiel, never called', () => createCockatiel()],
    ['opossum, never called', () => new Opossum(ok)],
  ];
  const rows = [];
  const results = {};
  for (const [name, create] of subjects) {
    const { bytes, timers, cpuPercent, kept } = await heapOf(create);
    results[name] = { bytes, timers };
    rows.push([name, bytes.toFixed(0), String(timers), cpuPercent.toFixed(1)]);
    for (const subject of kept) subject.shutdown?.();
  }
  console.log(
    `\n10,000 of them idle\n${table(['', 'bytes each', 'timers', '% CPU'], rows, { isMarkdown: false })}`,
  );
  return results;
}

console.log(describeMachine());
const success = await measureSuccess();
const rejection = await measureRejection();
const failure = await measureFailure(10_000);
const failureWithMore = await measureFailure(100_000);
const idle = await measureIdle();

const mine = Object.entries(idle).filter(([name]) => name.startsWith('ours'));
const claims = [
  ['adds no more to a success than cockatiel', success.ours <= success['cockatiel, count 100']],
  ['adds at most a fifth of what opossum adds to a success', success.ours <= success['opossum, default'] / 5],
  [
    'rejects at half the cost of either',
    rejection.ours <= Math.min(rejection.cockatiel, rejection.opossum) / 2,
  ],
  // Equal within what two runs of the same subject differ by.
  [
    'fails at the same cost with 10,000 calls held',
    failure['ours, 10000 held'] <= failure['ours, 1 call held'] * 1.5,
  ],
  [
    'fails at the same cost with 100,000 calls held',
    failureWithMore['ours, 100000 held'] <= failureWithMore['ours, 1 call held'] * 1.5,
  ],
  ['idles in 1 kB', mine.every(([, { bytes }]) => bytes <= 1_024)],
  ['idles without a timer', mine.every(([, { timers }]) => timers === 0)],
];
console.log();
for (const [claim, holds] of claims) console.log(`${holds ? 'yes' : 'NO '}  ${claim}`);
if (claims.some(([, holds]) => !holds)) process.exitCode = 1;
