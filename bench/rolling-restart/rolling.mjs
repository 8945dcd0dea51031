import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startBalancer } from './balancer.mjs';
import { startClients } from './clients.mjs';
import { startCollector } from './collector.mjs';

const instanceFile = fileURLToPath(new URL('./instance.cjs', import.meta.url));
const lastMs = 1_000;

async function startInstance(framework, variant, name, env) {
  const child = spawn(process.execPath, [instanceFile, framework, variant, name], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text;
  });
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal, at: performance.now() }));
  const [line] = await Promise.race([
    once(child.stdout, 'data'),
    exited.then(() => Promise.reject(new Error(`${framework} ${variant} did not start: ${errors}`))),
  ]);
  return { name, child, exited, port: Number(/port (\d+)/.exec(line)[1]), errors: () => errors };
}

/**
 * Replaces both of two instances, one after the other, while clients go on: a new one is started and added, the old one gets a SIGTERM,
 * and `removeAfterMs` later the balancer stops sending it new connections. What has not ended after `graceMs` is killed.
 */
export async function rollingRestart({
  framework,
  variant,
  env,
  clients = 20,
  perSecond = 300,
  removeAfterMs = 1_500,
  graceMs = 30_000,
  settleMs = 1_000,
}) {
  const collector = await startCollector();
  const balancer = await startBalancer();
  const surroundings = {
    ...env,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  };
  const start = async (name) => {
    const instance = await startInstance(framework, variant, name, surroundings);
    balancer.add(instance.port);
    return instance;
  };
  const running = new Set();
  const exits = [];
  try {
    const old = [await start('old-1'), await start('old-2')];
    for (const instance of old) running.add(instance);
    const load = startClients({ port: balancer.port, clients, perSecond });
    await sleep(settleMs);
    for (const instance of old) {
      running.add(await start(instance.name.replace('old', 'new')));
      const toldAt = performance.now();
      instance.child.kill('SIGTERM');
      // As the kubelet does at the end of the grace period.
      const kill = setTimeout(() => instance.child.kill('SIGKILL'), graceMs);
      await sleep(removeAfterMs);
      balancer.remove(instance.port);
      const { code, signal, at } = await instance.exited;
      clearTimeout(kill);
      running.delete(instance);
      const delivered = new Set(collector.seen);
      exits.push({
        name: instance.name,
        code,
        signal,
        at,
        afterMs: at - toldAt,
        delivered,
        errors: instance.errors(),
      });
      await sleep(settleMs);
    }
    const { sent, answers, failures } = await load.stop();
    const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
    return { framework, variant, sent, failed, failures, exits: exits.map((exit) => judged(exit, answers)) };
  } finally {
    for (const { child } of running) child.kill('SIGKILL');
    await balancer.close();
    collector.close();
  }
}

/** What an instance answered, and what of it the collector did not have when the instance had exited. */
function judged({ delivered, at, ...exit }, answers) {
  const own = answers.filter(({ instance }) => instance === exit.name);
  const last = own.filter((answer) => answer.at > at - lastMs);
  const missing = (list) => list.filter(({ id }) => !delivered.has(id)).length;
  // The clients' last answers, which with a delay are earlier than the last second of the process.
  const lastAnswerAt = Math.max(...own.map((answer) => answer.at));
  const ending = own.filter((answer) => answer.at > lastAnswerAt - lastMs);
  return {
    ...exit,
    answered: own.length,
    missingSpans: missing(own),
    answeredInLastSecond: last.length,
    endingAnswers: ending.length,
    endingMissingSpans: missing(ending),
  };
}
