import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';

const ROOT = join(__dirname, '../..');
const SHOP = join(ROOT, 'examples/shop');

interface Finished {
  readonly exit: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

function runDemo(env: Readonly<Record<string, string>> = {}): Promise<Finished> {
  return new Promise((resolve) => {
    // It starts a database, on a machine that may be busy.
    const options = { env: { ...process.env, ...env }, timeout: 90_000 };
    const child = execFile(process.execPath, [join(SHOP, 'demo.mjs')], options, (_error, stdout, stderr) => {
      resolve({ exit: child.exitCode, stdout, stderr });
    });
  });
}

/** Runs the demo with a module that each of its processes loads first. */
async function runDemoWith(preload: string): Promise<Finished> {
  const folder = await mkdtemp(join(tmpdir(), 'golden-signals-shop-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'preload.cjs');
  await writeFile(file, preload);
  return runDemo({ NODE_OPTIONS: `--require "${file.replaceAll('\\', '/')}"` });
}

describe('the demo', () => {
  let demo: Finished;
  let lines: string[];
  let temporary: string;
  beforeAll(async () => {
    temporary = await mkdtemp(join(tmpdir(), 'golden-signals-demo-'));
    // As root it is another user who runs the database.
    await chmod(temporary, 0o755);
    // Of a shell that sends its telemetry elsewhere.
    demo = await runDemo({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_TRACES_SAMPLER: 'always_off',
      TMPDIR: temporary,
    });
    lines = demo.stdout.split('\n');
  }, 100_000);

  test('ends with exit code 0 and has nothing to complain about', () => {
    expect(demo).toMatchObject({ exit: 0, stderr: '' });
  });

  test('leaves nothing of its database behind', async () => {
    expect(await readdir(temporary)).toEqual([]);
    await rm(temporary, { recursive: true });
  });

  test('says how the orders ended', () => {
    expect(lines[0]).toMatch(
      /^60 orders in \d+\.\d s: 47 paid, 3 invalid, 6 declined, 4 failed at the card provider$/,
    );
  });

  test('prints one trace through both services as a tree, with statuses and durations', () => {
    const tree = lines.slice(lines.findIndex((line) => line.includes('trace ')) + 2);
    expect(tree.slice(0, tree.indexOf(''))).toEqual([
      expect.stringMatching(/^ {2}POST \/orders +order-service +201 +\d+\.\d ms +█+$/),
      expect.stringMatching(/^ {2}├─ INSERT shop\.orders +order-service +\d+\.\d ms +█+$/),
      expect.stringMatching(/^ {2}├─ POST +order-service +200 +\d+\.\d ms +█+$/),
      expect.stringMatching(
        /^ {2}│ {2}└─ POST \/payments\/:id\/charge +payment-service +200 +\d+\.\d ms +█+$/,
      ),
      expect.stringMatching(/^ {2}│ {5}└─ card-provider authorize +payment-service +\d+\.\d ms +█+$/),
      expect.stringMatching(/^ {2}└─ UPDATE shop\.orders +order-service +\d+\.\d ms +█+$/),
    ]);
    expect(demo.stdout).toMatch(/trace [0-9a-f]{32}$/m);
  });

  test('prints one line of rate, errors and duration for each service', () => {
    // 4 of 60 orders, and 4 of the 57 charges, found the card provider down; a declined card is no error of the service.
    expect(lines.filter((line) => / %/.test(line))).toEqual([
      expect.stringMatching(/^ {2}order-service +\d+\.\d +6\.7 % +\d+ ms +\d+ ms$/),
      expect.stringMatching(/^ {2}payment-service +\d+\.\d +7\.0 % +\d+ ms +\d+ ms$/),
    ]);
  });

  test('fits 100 columns and has no colours where nobody looks at a terminal', () => {
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    expect(demo.stdout).not.toContain('\u001b');
  });

  test('prints what README shows', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const shown = /```text\n(\d+ orders in[^`]+)```/.exec(readme)?.[1] ?? '';
    expect(shapeOf(demo.stdout)).toBe(shapeOf(shown));
  });
});

/** The same output without its times, ids and bars. */
function shapeOf(output: string): string {
  return output
    .replace(/[0-9a-f]{32}/g, 'id')
    .replace(/█+/g, '')
    .replace(/\d+(\.\d+)?(?= (ms|s)\b)/g, 'n')
    .replace(/(-service +)\d+\.\d/g, '$1n')
    .replace(/ +/g, ' ')
    .replace(/ $/gm, '');
}

describe('the demo ends with exit code 1', () => {
  test('when the trace does not get to the payment service', async () => {
    const demo = await runDemoWith(`
      const { AsyncResource } = require('node:async_hooks');
      const outside = new AsyncResource('outside of any request');
      const { fetch } = globalThis;
      globalThis.fetch = (...args) => outside.runInAsyncScope(() => fetch(...args));
    `);
    expect(demo).toEqual({ exit: 1, stdout: '', stderr: 'demo failed: 60 orders made 117 traces\n' });
  }, 100_000);

  test('when a service does not start', async () => {
    const demo = await runDemoWith(`if (process.argv[1].endsWith('payment-service.mjs')) process.exit(3);`);
    expect(demo).toEqual({
      exit: 1,
      stdout: '',
      stderr: 'demo failed: payment-service ended with exit code 3\n',
    });
  }, 100_000);
});

interface Quantile {
  quantile(share: number, bounds: readonly number[], buckets: readonly number[]): number;
}

describe('a quantile of the demo', () => {
  let quantile: Quantile['quantile'];
  beforeAll(async () => {
    ({ quantile } = (await import(pathToFileURL(join(SHOP, 'red.mjs')).href)) as Quantile);
  });

  test('stands where its rank is in its bucket', () => {
    expect(quantile(0.5, [0.1, 0.2, 0.4], [0, 4, 4, 0])).toBeCloseTo(0.2);
    expect(quantile(0.25, [0.1, 0.2, 0.4], [0, 4, 4, 0])).toBeCloseTo(0.15);
    expect(quantile(0.75, [0.1, 0.2, 0.4], [0, 4, 4, 0])).toBeCloseTo(0.3);
  });

  test('is the highest bound where it lies beyond, and no number where nothing was measured', () => {
    expect(quantile(0.99, [0.1, 0.2], [1, 0, 9])).toBe(0.2);
    expect(quantile(0.99, [0.1, 0.2], [0, 0, 0])).toBeNaN();
  });
});
