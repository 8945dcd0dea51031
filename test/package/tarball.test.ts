import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENTRIES, installTarball, MANIFEST, pick, ROOT, type Scratch, specifier } from './scratch.js';
import { CALLER, collector, expectOneRequest, expectTelemetry } from './telemetry.js';

const SLOW_MS = 300_000;

/** What each entry point must give. An entry point of package.json that is missing here fails the first test. */
const NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '.': {
    instrument: 'function',
    GoldenSignalsError: 'function',
    isGoldenSignalsError: 'function',
    traceFields: 'function',
  },
  './express': { expressSignals: 'function' },
  './fastify': { fastifySignals: 'function' },
  './register': {},
  './breaker': { createBreaker: 'function' },
  './winston': { traceFormat: 'function', logTransport: 'function' },
};

let scratch: Scratch;

beforeAll(async () => {
  scratch = await installTarball({ ...pick('express', 'fastify'), jest: '^30.0.0' });
}, 5 * SLOW_MS);

afterAll(() => scratch?.remove());

describe('the tarball', () => {
  test('holds what a user needs and nothing else', () => {
    const needed =
      /^(dist\/.+\.(js|d\.ts)|dist\/page\/[\w.-]+\.(html|(js|css|svg)\.gz)|dist\/page\/THIRD-PARTY\.md|dist\/THIRD-PARTY\.md|package\.json|LICENSE|[A-Z]+\.md|docs\/[\w-]+\.md|docs\/images\/[\w-]+\.png|bench\/\w+\.md|test\/differential\/README\.md|examples\/.+\.([cm]js|mts|yaml))$/;
    expect(scratch.files.filter((path) => !needed.test(path))).toEqual([]);
    expect(scratch.files).toEqual(
      expect.arrayContaining(['package.json', 'README.md', 'LICENSE', 'dist/index.js']),
    );
  });

  test('has what its README links to', async () => {
    const text = await readFile(join(scratch.dir, 'node_modules', MANIFEST.name, 'README.md'), 'utf8');
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);
    expect(links.length).toBeGreaterThan(10);
    for (const link of links)
      expect(
        scratch.files.some((path) => path === link || path.startsWith(`${link}/`)),
        link,
      ).toBe(true);
  });

  test('names no folder of the machine that built it', async () => {
    const installed = join(scratch.dir, 'node_modules', MANIFEST.name);
    const texts = await Promise.all(scratch.files.map((path) => readFile(join(installed, path), 'utf8')));
    expect(scratch.files.filter((_path, index) => texts[index]?.includes(ROOT))).toEqual([]);
  });

  test('says which packages are built in', async () => {
    const text = await readFile(
      join(scratch.dir, 'node_modules', MANIFEST.name, 'dist/THIRD-PARTY.md'),
      'utf8',
    );
    for (const name of ['core', 'resources', 'sdk-metrics', 'sdk-trace', 'sdk-logs', 'otlp-transformer'])
      expect(text).toMatch(new RegExp(`^\\| @opentelemetry/${name} \\| [\\d.]+ \\| Apache-2.0 \\|$`, 'm'));
  });

  test('installs itself, the API and nothing else, in less than 4 MiB', async () => {
    const { stdout } = await scratch.npm('ls', '--omit=dev', '--all', '--parseable');
    const packages = stdout.trim().split('\n').slice(1);
    const sizes = await Promise.all(packages.map(sizeOf));
    expect(packages).toContain(join(scratch.dir, 'node_modules', MANIFEST.name));
    expect(packages).toHaveLength(2);
    expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(4 * 2 ** 20);
  });
});

/** Bytes of a package, without those nested in it, which npm lists by themselves. */
async function sizeOf(folder: string): Promise<number> {
  const items = await readdir(folder, { withFileTypes: true });
  const sizes = items.map(async (item) => {
    if (!item.isDirectory()) return (await stat(join(folder, item.name))).size;
    return item.name === 'node_modules' ? 0 : sizeOf(join(folder, item.name));
  });
  return (await Promise.all(sizes)).reduce((sum, bytes) => sum + bytes, 0);
}

describe.each(ENTRIES)('entry point %s', (entry) => {
  const wanted = NAMES[entry];
  const from = specifier(entry);
  const print =
    'console.log(JSON.stringify(Object.fromEntries(Object.entries(all).map(([k, v]) => [k, typeof v]))))';
  const load = async (name: string, source: string): Promise<unknown> => {
    await scratch.write(name, source);
    const ended = await scratch.node([name]);
    expect(ended).toMatchObject({ exit: 0, stderr: '' });
    return JSON.parse(ended.stdout);
  };

  test('is loaded by require()', async () => {
    expect(wanted, `add ${entry} to NAMES`).toBeDefined();
    expect(await load('load.cjs', `const all = require('${from}'); ${print}`)).toMatchObject(wanted ?? {});
  });

  test('gives the same names to import as to require()', async () => {
    const required = await load('load.cjs', `const all = require('${from}'); ${print}`);
    const {
      default: whole,
      'module.exports': _again,
      __esModule: _mark,
      ...named
    } = (await load('load.mjs', `import * as all from '${from}'; ${print}`)) as Record<string, string>;
    expect(whole).toBe('object');
    expect(named).toEqual(required);
  });

  test('gives each name to a named import', async () => {
    const names = Object.keys(wanted ?? {}).join(', ');
    const source = `import { ${names} } from '${from}'; const all = { ${names} }; ${print}`;
    expect(await load('named.mjs', source)).toEqual(wanted);
  });

  test('is one module for import and require()', async () => {
    const source = `import { createRequire } from 'node:module'; import whole from '${from}';
      const all = { same: createRequire(import.meta.url)('${from}') === whole || undefined }; ${print}`;
    expect(await load('both.mjs', source)).toEqual({ same: 'boolean' });
  });
});

describe('an app with one line of instrumentation', () => {
  test.each([
    'express.mjs',
    'express.cjs',
    'express-listening.mjs',
    'fastify.mjs',
    'fastify.cjs',
    'fastify-listening.cjs',
  ])('reports its request: %s', async (file) => {
    await expectTelemetry(scratch, [`apps/${file}`], 'shutdown()');
  });
});

describe('an app instrumented in the idiom of its framework', () => {
  test.each(['express-signals.mjs', 'express-signals.cjs', 'fastify-signals.mjs', 'fastify-signals.cjs'])(
    'reports its request: %s',
    async (file) => {
      await expectTelemetry(scratch, [`apps/${file}`], 'SIGTERM');
    },
  );
});

describe('an app whose code is not touched', () => {
  test.each([
    ['--import', 'untouched.mjs'],
    ['--require', 'untouched.mjs'],
    ['--import', 'untouched.cjs'],
    ['--require', 'untouched.cjs'],
  ])('reports its request under %s golden-signals/register: %s', async (flag, file) => {
    await expectTelemetry(scratch, [flag, specifier('./register'), `apps/${file}`], 'SIGTERM');
  });
});

describe('the command', () => {
  const installed = (...words: string[]) => scratch.npm('exec', '--offline', '--', MANIFEST.name, ...words);

  test('is what npx starts', async () => {
    const { exit, stdout, stderr } = await installed('rules', '--p99', '1s');
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(stdout).toMatch(/^groups:\n/);
  });

  test('runs in a project of ES modules, too', async () => {
    await scratch.write('esm/package.json', JSON.stringify({ name: 'orders', type: 'module' }));
    const bin = join(scratch.dir, 'node_modules', '.bin', MANIFEST.name);
    const script = `import { execFileSync } from 'node:child_process';
      process.stdout.write(execFileSync(${JSON.stringify(bin)}, ['dashboard'], { cwd: 'esm', shell: process.platform === 'win32' }));`;
    await scratch.write('esm/run.mjs', script);
    const { exit, stdout } = await scratch.node(['esm/run.mjs']);
    expect({ exit, uid: JSON.parse(stdout).uid }).toEqual({ exit: 0, uid: 'golden-signals' });
  });

  test('ends with the code of what it found', async () => {
    const main = join('node_modules', MANIFEST.name, 'dist/cli/main.js');
    const none = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' };
    // npm has installed the peer dependency beside it: nothing is missing here.
    expect(await scratch.node([main, 'doctor'], none)).toMatchObject({
      exit: 0,
      stdout: expect.stringContaining('0 errors'),
    });
    expect(await scratch.node([main, 'doctor', 'esm'], none)).toMatchObject({ exit: 1 });
    expect(await scratch.node([main, 'docter'])).toMatchObject({ exit: 2, stdout: '' });
  });

  test('starts without OpenTelemetry', async () => {
    const loaded = `process.argv = [process.argv[0], 'golden-signals', '--help'];
      process.once('exit', () => {
        console.log('loaded', Object.keys(require.cache).filter((path) => path.includes('@opentelemetry')).length);
      });
      require('./node_modules/${MANIFEST.name}/dist/cli/main.js');`;
    expect(await scratch.node(['-e', loaded])).toMatchObject({
      exit: 0,
      stdout: expect.stringMatching(/doctor[\s\S]*loaded 0\n$/),
    });
  });
});

describe('under Jest', () => {
  const modules = ['--experimental-vm-modules'];
  test.each([
    // Without the flag the SDK's exporter cannot send: it loads node:http by import(), which Jest then refuses. The app must
    // not notice.
    { file: 'commonjs.test.js', flags: [], sends: false },
    { file: 'commonjs.test.js', flags: modules, sends: true },
    { file: 'module.test.mjs', flags: modules, sends: true },
  ])(
    'an app works and the run ends by itself: $file $flags',
    { timeout: SLOW_MS },
    async ({ file, flags, sends }) => {
      const receiver = await collector();
      const args = ['node_modules/jest/bin/jest.js', '--ci', '--rootDir=jest', `--testMatch=**/${file}`];
      const ended = await scratch.node([...flags, ...args], {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        CALLER,
      });
      expect(ended.stderr).toMatch(/Tests: +1 passed, 1 total/);
      expect(ended.stderr).not.toMatch(/did not exit/);
      expect(ended.exit).toBe(0);
      if (sends) expectOneRequest(receiver);
    },
  );
});
