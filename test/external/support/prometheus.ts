import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { untraced } from '../../contract/support/client.js';

export interface PrometheusServer {
  /** The `data` of an answer of its HTTP API. */
  api<T>(path: string, parameters?: Readonly<Record<string, string>>): Promise<T>;
  /** Asks until the answer is what is waited for, for at most a minute. */
  apiUntil<T>(
    what: string,
    path: string,
    parameters: Readonly<Record<string, string>>,
    isSo: (data: T) => boolean,
  ): Promise<T>;
  close(): Promise<void>;
}

/** An instant vector. */
export interface Vector {
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly value: readonly [seconds: number, value: string];
  }[];
}

const tries = 240;
const pauseMs = 250;

/** Starts Debian's Prometheus on a free port: each second it scrapes each target, by the name of its job, and evaluates the rules. */
export async function startPrometheus(
  targets: Readonly<Record<string, string>>,
  rules = 'groups: []',
): Promise<PrometheusServer> {
  const folder = await mkdtemp(join(tmpdir(), 'golden-signals-prometheus-'));
  const jobs = Object.entries(targets).map(([job, target]) => ({
    job_name: job,
    static_configs: [{ targets: [target] }],
  }));
  // YAML is a superset of JSON.
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yml'],
    scrape_configs: jobs,
  };
  await writeFile(join(folder, 'rules.yml'), rules);
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += chunk;
  });

  const base = `http://127.0.0.1:${port}`;
  async function api<T>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> {
    const url = `${base}/api/v1/${path}?${new URLSearchParams(parameters)}`;
    const answer = (await untraced(async () => (await fetch(url)).json())) as { data: T; error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.data;
  }

  async function apiUntil<T>(
    what: string,
    path: string,
    parameters: Readonly<Record<string, string>>,
    isSo: (data: T) => boolean,
  ): Promise<T> {
    let last: unknown;
    for (let left = tries; left > 0; left -= 1) {
      if (child.exitCode !== null) throw new Error(`prometheus ended: ${said}`);
      try {
        const data = await api<T>(path, parameters);
        if (isSo(data)) return data;
        last = data;
      } catch (error) {
        // It may not listen yet.
        last = error;
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    throw new Error(`waited in vain for ${what}: ${JSON.stringify(last)}\n${said}`);
  }

  return {
    api,
    apiUntil,
    async close() {
      await end(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
