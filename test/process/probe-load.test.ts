import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { pipeline } from '../contract/support/pipeline.js';
import { DIST } from './support/child.js';

interface Footprint {
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly timers: number;
  readonly listeners: number;
  readonly sockets: number;
}

async function startProbed(framework: string) {
  const child = fork(join(__dirname, 'fixtures/probed.cjs'), [framework], {
    // A young generation that may grow to 64 MB would hide what is kept, and look like it.
    execArgv: ['--expose-gc', '--max-semi-space-size=2'],
    env: {
      PATH: process.env.PATH,
      GS_DIST: DIST,
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_METRICS_EXPORTER: 'none',
    },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return {
    port,
    async footprint(): Promise<Footprint> {
      child.send('footprint');
      return ((await once(child, 'message')) as [Footprint])[0];
    },
  };
}

const megabyte = 1_000_000;
const paths = ['/health', '/health/live', '/health/ready', '/health/startup'];
const batch = Array.from({ length: 1_000 }, (_, index) => paths[index % paths.length] as string);

test.each(['http', 'express', 'fastify'])(
  'probes of a %s service, as many as 10,000 a second make in 5 s, leave memory, timers and listeners as they were',
  async (framework) => {
    const { port, footprint } = await startProbed(framework);
    const probe = async (batches: number) => {
      for (let sent = 0; sent < batches; sent += 1) {
        const answers = await pipeline(port, batch);
        expect(answers.every(({ status }) => status === 200)).toBe(true);
      }
    };
    await probe(20);
    const before = await footprint();
    await probe(50);
    const after = await footprint();
    // What an allocator keeps for its next use grows at first and then no more; what leaks grows with each round.
    let grown = after.rssBytes - before.rssBytes;
    for (let round = 0; round < 3 && grown >= 4 * megabyte; round += 1) {
      const { rssBytes } = await footprint();
      await probe(50);
      grown = (await footprint()).rssBytes - rssBytes;
    }
    expect(grown).toBeLessThan(4 * megabyte);
    expect(after.listeners).toBe(before.listeners);
    // The checks go on meanwhile: a few timers come and go, and the last connection may still be closing.
    expect(after.timers).toBeLessThan(before.timers + 5);
    expect(after.sockets).toBeLessThan(before.sockets + 5);
    // One object kept for each probe would be several MB.
    expect(after.heapBytes - before.heapBytes).toBeLessThan(2 * megabyte);
  },
  240_000,
);
