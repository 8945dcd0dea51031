import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Prometheus {
  /** The `data` of an answer of its API. */
  api(path: string, parameters?: Readonly<Record<string, string>>): Promise<unknown>;
  /** Asks until the answer is as wished; what it was at last, if it never is. */
  until<T>(ask: () => Promise<T>, isRight: (answer: T) => boolean): Promise<T>;
  stop(): Promise<void>;
}

const tries = 240;
const pauseMs = 500;

/** A Prometheus of Debian's that scrapes these targets each second, with a folder of its own. */
export async function startPrometheus(targets: readonly string[], rules: string): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'golden-signals-prometheus-'));
  writeFileSync(join(folder, 'rules.yml'), rules);
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yml'],
    scrape_configs: [{ job_name: 'orders', static_configs: [{ targets }] }],
  };
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-10_000);
  });
  const prometheus: Prometheus = {
    async api(path, parameters = {}) {
      const response = await fetch(
        `http://127.0.0.1:${port}/api/v1/${path}?${new URLSearchParams(parameters)}`,
      );
      const answer = (await response.json()) as { status: string; data: unknown; error?: string };
      if (answer.status !== 'success') throw new Error(`${parameters.query ?? path}: ${answer.error}`);
      return answer.data;
    },
    async until(ask, isRight) {
      for (let left = tries; ; left -= 1) {
        const answer = await ask();
        if (isRight(answer) || left === 0) return answer;
        await pause();
      }
    },
    async stop() {
      if (child.exitCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await ready(port, child, () => said);
  return prometheus;
}

async function ready(port: number, child: ChildProcess, said: () => string): Promise<void> {
  for (let left = tries; left > 0; left -= 1) {
    if (child.exitCode !== null) throw new Error(`prometheus ended: ${said()}`);
    const isReady = await fetch(`http://127.0.0.1:${port}/-/ready`).then(
      (response) => response.ok,
      () => false,
    );
    if (isReady) return;
    await pause();
  }
  throw new Error(`prometheus is not ready: ${said()}`);
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, pauseMs));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
