import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { build, DIST } from '../contract/support/built.js';

beforeAll(build, 120_000);

async function start(env: Record<string, string>) {
  const child = spawn(process.execPath, [join(__dirname, 'fixtures/cluster.cjs')], {
    env: {
      PATH: process.env.PATH,
      GS_DIST: join(DIST, 'index.js'),
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_METRICS_EXPORTER: 'none',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  onTestFinished(() => {
    try {
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch {
      // It has ended, as it should.
    }
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
      child.emit('said');
    });
  const saying = async (text: string) => {
    while (!said.stdout.includes(text)) await once(child, 'said');
  };
  const ended = once(child, 'close');
  await saying('port ');
  return { child, said, saying, ended, url: `http://127.0.0.1:${/port (\d+)/.exec(said.stdout)?.[1]}` };
}

describe('a primary that is told to end', () => {
  test.each([{ RESPAWN: '0' }, { RESPAWN: '1' }])(
    'waits for the requests of its workers: %j',
    async (env) => {
      const { child, said, saying, ended, url } = await start(env);
      const answer = fetch(url).then((response) => response.text());
      await saying('request');
      process.kill(child.pid as number, 'SIGTERM');
      expect(await answer).toBe('done');
      expect(await ended).toEqual([0, null]);
      expect(said.stdout).toContain('worker ended 0 null\nworker ended 0 null');
      expect(said.stderr).not.toMatch(/EPIPE|error/i);
    },
  );
});

test('workers whose primary has gone say nothing of it', async () => {
  const { child, said, saying, ended, url } = await start({ OURS: 'workers' });
  const answer = fetch(url).then(
    (response) => response.text(),
    () => 'cut off',
  );
  await saying('request');
  // As a process manager does that signals the whole group: without us the primary is gone at once.
  process.kill(-(child.pid as number), 'SIGTERM');
  await Promise.all([answer, ended]);
  expect(said.stderr).not.toMatch(/EPIPE|uncaught/i);
});

test('a scrape says which worker it is of, in each of its series', async () => {
  const { url } = await start({});
  const seen = new Set<string>();
  // Connections go to the workers in turn.
  while (seen.size < 2) {
    const page = await (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text();
    const samples = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const workers = new Set(samples.map((line) => /[{,]golden_signals_worker="(\d+)"/.exec(line)?.[1]));
    expect(samples.length).toBeGreaterThan(10);
    expect(workers.size).toBe(1);
    for (const worker of workers) seen.add(String(worker));
  }
  expect([...seen].sort()).toEqual(['1', '2']);
});
