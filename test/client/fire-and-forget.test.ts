import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startUpstream } from './support/upstream.js';

const dist = join(__dirname, '../../dist/index.js');

const script = `
  const http = require('node:http');
  const [dist, url, kind] = process.argv.slice(1);
  if (kind.endsWith('instrumented')) require(dist).instrument({ service: 'hooks' });
  let left = 40;
  (function next() {
    if (left-- === 0) return void process.stdout.write('done', () => process.exit(0));
    if (kind.startsWith('fetch')) fetch(url, { method: 'POST' }).then((res) => res.text()).then(() => setImmediate(next));
    else http.get(url, (res) => res.resume().once('end', () => setImmediate(next)));
  })();
`;

test.each(['fetch bare', 'fetch instrumented', 'http bare', 'http instrumented'])(
  'a process that waits for no call to a receiver of 500s lives on: %s',
  async (kind) => {
    const upstream = await startUpstream();
    const env = { ...process.env, OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' };
    const args = ['-e', script, dist, `${upstream.origin}/500`, kind];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    expect(stdout).toContain('done');
  },
);
