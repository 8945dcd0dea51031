import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { installTarball, pick, type Scratch } from './scratch.js';
import { collector } from './telemetry.js';

const SLOW_MS = 300_000;

let scratch: Scratch;

beforeAll(async () => {
  scratch = await installTarball({
    ...pick('rolldown', 'rollup'),
    '@rollup/plugin-commonjs': '^29.0.3',
    '@rollup/plugin-node-resolve': '^16.0.3',
    esbuild: '^0.28.2',
    webpack: '^5.113.0',
  });
}, 5 * SLOW_MS);

afterAll(() => scratch?.remove());

test.each([
  ['esbuild', 'cjs'],
  ['esbuild', 'mjs'],
  ['rollup', 'cjs'],
  ['rollup', 'mjs'],
  ['rolldown', 'cjs'],
  ['rolldown', 'mjs'],
  ['webpack', 'cjs'],
] as const)(
  'a bundle of %s (%s) works in a folder without node_modules',
  { timeout: SLOW_MS },
  async (bundler, kind) => {
    const folder = await mkdtemp(join(tmpdir(), 'golden-signals-bundle-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, `app.${kind}`);
    const built = await scratch.node(['bundles/build.mjs', bundler, kind, file]);
    expect(built).toMatchObject({ exit: 0, stderr: '' });

    for (const protocol of ['http/protobuf', 'http/json']) {
      const receiver = await collector();
      const { exit, stderr } = await scratch.node([file], {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_LOG_LEVEL: 'warn',
      });
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
      const names = receiver.spans().map(({ name, kind: spanKind }) => `${spanKind} ${name}`);
      expect(names.sort()).toEqual(['CLIENT GET', 'INTERNAL early', 'SERVER GET']);
      expect(receiver.metrics().map(({ name }) => name)).toContain('sold');
      expect(receiver.logs().map(({ body }) => body)).toEqual(['said']);
    }
  },
);
