import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vm from 'node:vm';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { isError } from '../../src/core/is-error.js';
import { resolveOptions } from '../../src/service/options.js';
import { build, DIST, ROOT } from '../contract/support/built.js';

const elsewhere = vm.createContext({ DOMException });
const other = <T>(expression: string): T => vm.runInContext(expression, elsewhere) as T;

describe('an error of another realm', () => {
  test.each([
    'new Error("x")',
    'new TypeError("x")',
    'new (class E extends Error {})',
    'Object.create(Error.prototype)',
  ])('is one: %s', (expression) => {
    const error = other<unknown>(expression);
    expect(error instanceof Error).toBe(false);
    expect(isError(error)).toBe(true);
  });

  test('is one of this realm, too, and what is none is none', () => {
    expect([new Error('x'), new DOMException('x'), new Proxy(new Error('x'), {})].map(isError)).toEqual([
      true,
      true,
      true,
    ]);
    const hostile = new Proxy(
      {},
      {
        getPrototypeOf() {
          throw new TypeError();
        },
      },
    );
    expect(
      [undefined, null, 'Error', { name: 'Error', message: 'x' }, () => {}, hostile].map(isError),
    ).toEqual(Array(6).fill(false));
  });
});

describe('an option of another realm', () => {
  const resolve = (options: object) => resolveOptions(options, {}, () => {}).config;

  test('is understood: regular expressions of ignore and propagateTo', () => {
    const { isIgnored, isPropagatedTo } = resolve(
      other<object>('({ ignore: ["/a", /^\\/b/g], propagateTo: ["c", /^d:/] })'),
    );
    expect(['/a', '/b/1', '/b/1', '/x'].map((url) => isIgnored?.({ url } as never))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect([isPropagatedTo('c', 80), isPropagatedTo('d', 80), isPropagatedTo('e', 80)]).toEqual([
      true,
      true,
      false,
    ]);
  });
});

/** What each `instanceof` of the source asks for. */
function classesAskedFor(): { readonly file: string; readonly name: string }[] {
  const folder = join(ROOT, 'src');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  return files.flatMap((file) => {
    const code = readFileSync(join(folder, file), 'utf8').replace(/^\s*(\/\/|\/?\*).*$/gm, '');
    return [...code.matchAll(/\binstanceof\s+([\w.]+)/g)].map(([, name]) => ({ file, name: name as string }));
  });
}

test('no class of the language or of Node decides anything: another realm has its own', () => {
  const names = new Set([
    ...Object.getOwnPropertyNames(globalThis),
    ...['events', 'http', 'http2', 'https', 'net', 'stream', 'tls', 'url', 'util', 'worker_threads'].flatMap(
      (name) => Object.keys(require(`node:${name}`)),
    ),
  ]);
  expect(names).toContain('Error');
  expect(names).toContain('Duplex');
  const asked = classesAskedFor();
  expect(asked).not.toEqual([]);
  expect(asked.filter(({ name }) => names.has(name.split('.').at(-1) as string))).toEqual([]);
});

describe('a service in a realm of its own, as under Jest', () => {
  beforeAll(build, 120_000);

  async function run(env: Record<string, string>) {
    const fixture = (name: string) => join(__dirname, 'fixtures', name);
    const child = spawn(process.execPath, [fixture('realm.cjs'), fixture('calls.cjs')], {
      env: { PATH: process.env.PATH, GS_DIST: join(DIST, 'index.js'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => {
      said.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said.stderr += text;
    });
    const [code] = await once(child, 'close');
    return { code, ...said };
  }

  test('retries its calls, rejects with CircuitOpenError, and takes regular expressions', async () => {
    const { code, stdout, stderr } = await run({
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_METRICS_EXPORTER: 'none',
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('rror') });
    expect(JSON.parse(stdout)).toEqual({
      realm: 'another',
      propagated: 'none',
      retried: 200,
      attempts: 3,
      open: { name: 'CircuitOpenError', code: 'ERR_CIRCUIT_OPEN', isOurs: true },
      state: 'open',
    });
  });

  test('says by its code why the collector got nothing', async () => {
    const { stderr } = await run({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    expect(stderr).toMatch(/ECONNREFUSED|EBADPORT|EPERM|EACCES/);
    expect(stderr).not.toContain('unknown error');
  });
});
