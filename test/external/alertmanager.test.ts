import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { instrument, type Signals } from '../../src/index.js';
import { typed } from '../cli/support/terminal.js';
import { untraced } from '../contract/support/client.js';
import { freePort } from './support/program.js';

const FOLDER = join(__dirname, '../../examples/prometheus');
const file = (name: string) => readFile(join(FOLDER, name), 'utf8');

interface Notice {
  readonly path: string;
  readonly alerts: readonly { readonly status: string; readonly labels: Readonly<Record<string, string>> }[];
}

/** The example as it is, but for where things listen, and how long it waits. */
describe('examples/prometheus under Debian’s Prometheus and Alertmanager', () => {
  const children: ChildProcess[] = [];
  const notices: Notice[] = [];
  let folder: string;
  let signals: Signals;
  let service: http.Server;
  let receiver: http.Server;

  beforeAll(async () => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    folder = await mkdtemp(join(tmpdir(), 'golden-signals-alertmanager-'));
    const app = express();
    app.get('/orders/:id', (_req, res) => void res.sendStatus(503));
    signals = instrument(app, {
      service: 'order',
      traces: false,
      metrics: { prometheus: {}, intervalMs: 3_600_000 },
      shutdown: false,
    });
    service = app.listen(0, '127.0.0.1');
    await once(service, 'listening');
    receiver = http
      .createServer(async (req, res) => {
        const chunks: Buffer[] = [];
        for await (const chunk of req) chunks.push(chunk as Buffer);
        const { alerts } = JSON.parse(Buffer.concat(chunks).toString()) as Notice;
        notices.push({ path: req.url ?? '', alerts });
        res.end();
      })
      .listen(0, '127.0.0.1');
    await once(receiver, 'listening');

    const [prometheusPort, alertmanagerPort] = [await freePort(), await freePort()];
    const portOf = (server: http.Server) => (server.address() as AddressInfo).port;
    const rules = (await typed(['rules', '--export-interval', '15s', '--job', 'order'])).out;
    const prometheus = (await file('prometheus.yaml'))
      .replaceAll('15s', '1s')
      .replace('localhost:9093', `127.0.0.1:${alertmanagerPort}`)
      .replace('localhost:3001', `127.0.0.1:${portOf(service)}`);
    const alertmanager = (await file('alertmanager.yaml'))
      .replaceAll('localhost:9099', `127.0.0.1:${portOf(receiver)}`)
      .replace(/group_wait: 30s/, 'group_wait: 1s');
    await Promise.all([
      writeFile(
        join(folder, 'golden-signals.rules.yml'),
        rules.replace(/^( +for:) \d+[ms]$/gm, '$1 2s').replace(/^( +interval:) \d+s$/gm, '$1 1s'),
      ),
      writeFile(join(folder, 'prometheus.yaml'), prometheus),
      writeFile(join(folder, 'alertmanager.yaml'), alertmanager),
    ]);
    start('prometheus', [
      '--config.file=prometheus.yaml',
      '--enable-feature=exemplar-storage',
      `--web.listen-address=127.0.0.1:${prometheusPort}`,
      '--storage.tsdb.path=data',
      '--log.level=error',
    ]);
    start('prometheus-alertmanager', [
      '--config.file=alertmanager.yaml',
      `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
      '--storage.path=alertmanager',
      '--cluster.listen-address=',
      '--log.level=error',
    ]);
  });

  afterAll(async () => {
    for (const child of children) {
      const ended = once(child, 'exit');
      if (child.kill('SIGKILL')) await ended;
    }
    service?.close();
    receiver?.close();
    await signals?.shutdown();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    vi.restoreAllMocks();
  });

  function start(program: string, args: readonly string[]): void {
    children.push(spawn(program, args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] }));
  }

  test('both configurations are accepted as they are', async () => {
    const rules = (await typed(['rules', '--job', 'order'])).out;
    const checked = await mkdtemp(join(folder, 'checked-'));
    await writeFile(join(checked, 'golden-signals.rules.yml'), rules);
    await writeFile(join(checked, 'prometheus.yaml'), await file('prometheus.yaml'));
    const said = execFileSync('promtool', ['check', 'config', join(checked, 'prometheus.yaml')], {
      encoding: 'utf8',
    });
    expect(said).toContain('SUCCESS');
    const theirs = execFileSync('amtool', ['check-config', join(FOLDER, 'alertmanager.yaml')], {
      encoding: 'utf8',
    });
    expect(theirs).toContain('SUCCESS');
  });

  test('what fails pages, with the name of the service, and the watchdog has a receiver of its own', async () => {
    const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}/orders/7`;
    const alertsAt = (path: string) =>
      notices
        .filter((notice) => notice.path === path)
        .flatMap(({ alerts }) => alerts)
        .filter(({ status }) => status === 'firing')
        .map(({ labels }) => labels);
    await vi.waitFor(
      async () => {
        await untraced(async () => (await fetch(url)).arrayBuffer());
        expect(alertsAt('/page')).toContainEqual(
          expect.objectContaining({ alertname: 'HighErrorRate', job: 'order', severity: 'page' }),
        );
        expect(alertsAt('/watchdog')).toContainEqual(expect.objectContaining({ alertname: 'Watchdog' }));
      },
      { timeout: 90_000, interval: 200 },
    );
    expect(alertsAt('/ticket').filter(({ job }) => job === 'order')).toEqual([]);
  });
});
