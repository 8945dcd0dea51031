import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createEnvironment } from '../../src/core/environment.js';
import { resolveService, type ServiceOptions } from '../../src/service/identity.js';
import { VERSION } from '../../src/version.js';

/** Resolves for a program at `script`. */
function resolve(
  given: string | ServiceOptions,
  variables: Record<string, string> = {},
  script: string | undefined = '/nowhere/index.js',
) {
  const said: string[] = [];
  const env = createEnvironment(variables, (message) => said.push(message));
  const before = process.argv[1];
  process.argv[1] = script as string;
  try {
    return { ...resolveService(given, env, (message) => said.push(message)), said };
  } finally {
    process.argv[1] = before as string;
  }
}

/** A folder with the files given, gone after the test. */
function folder(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'golden-signals-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

const attributesFrom = (value: string) => ({ OTEL_RESOURCE_ATTRIBUTES: value });

describe('the name of a service', () => {
  const root = () =>
    folder({
      'package.json': '{"name":"from-package","version":"3.2.1"}',
      'dist/server.js': '',
    });

  test('is what the code says', () => {
    const env = { OTEL_SERVICE_NAME: 'from-env', ...attributesFrom('service.name=from-attributes') };
    expect(resolve('from-code', env, join(root(), 'dist/server.js')).name).toBe('from-code');
    expect(resolve({ name: 'from-code' }, env).name).toBe('from-code');
  });

  test('else OTEL_SERVICE_NAME', () => {
    const env = { OTEL_SERVICE_NAME: 'from-env', ...attributesFrom('service.name=from-attributes') };
    expect(resolve({}, env, join(root(), 'dist/server.js'))).toMatchObject({
      name: 'from-env',
      attributes: { 'service.name': 'from-env' },
    });
  });

  test('else the one in OTEL_RESOURCE_ATTRIBUTES', () => {
    const env = attributesFrom('service.name=from-attributes');
    expect(resolve({}, env, join(root(), 'dist/server.js')).name).toBe('from-attributes');
  });

  test('else the one of the package.json nearest to the program', () => {
    expect(resolve({}, {}, join(root(), 'dist/server.js')).name).toBe('from-package');
  });

  test('passing over one without a name, and one that cannot be read', () => {
    const nested = folder({
      'package.json': '{"name":"outer"}',
      'a/package.json': '{"type":"module"}',
      'a/b/package.json': 'not json',
      'a/b/c/package.json': '[]',
    });
    expect(resolve({}, {}, join(nested, 'a/b/c/server.js')).name).toBe('outer');
  });

  test('else is unknown, which is said with the cure', () => {
    const { name, said } = resolve({}, {});
    expect(name).toBe('unknown_service:node');
    expect(said).toEqual([
      'the service has no name, so it is called unknown_service:node: set OTEL_SERVICE_NAME or the option service, or give its package.json a name',
    ]);
    expect(resolve('orders').said).toEqual([]);
  });

  test('is not what the environment leaves empty', () => {
    const env = {
      OTEL_SERVICE_NAME: ' ',
      ...attributesFrom('service.name=,service.version= ,service.instance.id=,k='),
    };
    const { name, version, attributes } = resolve({}, env, join(root(), 'dist/server.js'));
    expect({ name, version }).toEqual({ name: 'from-package', version: '3.2.1' });
    expect(attributes).toMatchObject({
      'service.name': 'from-package',
      'service.version': '3.2.1',
      'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      k: '',
    });
  });
});

describe('a program inside node_modules is no service', () => {
  const tree = () =>
    folder({
      'package.json': '{"name":"orders"}',
      'server.js': '',
      'packages/payments/package.json': '{"name":"payments"}',
      'packages/payments/server.js': '',
      'node_modules/pm2/package.json': '{"name":"pm2"}',
      'node_modules/pm2/lib/ProcessContainerFork.js': '',
    });

  /** With a working directory other than this one's. */
  function within(cwd: string, run: () => { name: string }) {
    const before = process.cwd();
    process.chdir(cwd);
    try {
      return run().name;
    } finally {
      process.chdir(before);
    }
  }

  test('the name is that of the package it was started in', () => {
    const root = tree();
    const runner = join(root, 'node_modules/pm2/lib/ProcessContainerFork.js');
    expect(within(root, () => resolve({}, {}, runner))).toBe('orders');
    expect(within(join(root, 'node_modules/pm2'), () => resolve({}, {}, runner))).toBe(
      'unknown_service:node',
    );
  });

  test('pm2 says which program it runs', () => {
    const root = tree();
    const runner = join(root, 'node_modules/pm2/lib/ProcessContainerFork.js');
    const env = { pm_exec_path: join(root, 'packages/payments/server.js') };
    expect(within('/', () => resolve({}, env, runner))).toBe('payments');
    // The environment is inherited: what is no runner itself is asked first.
    expect(within('/', () => resolve({}, env, join(root, 'server.js')))).toBe('orders');
  });

  test('a link is where it leads to', () => {
    const root = tree();
    symlinkSync(join(root, 'packages/payments'), join(root, 'node_modules/payments'), 'junction');
    symlinkSync(join(root, 'node_modules/pm2/lib/ProcessContainerFork.js'), join(root, 'command'));
    expect(within('/', () => resolve({}, {}, join(root, 'node_modules/payments/server.js')))).toBe(
      'payments',
    );
    expect(within(root, () => resolve({}, {}, join(root, 'command')))).toBe('orders');
  });
});

describe('the version', () => {
  test('is what the code says, else the attributes, else the package.json', () => {
    const root = folder({ 'package.json': '{"name":"orders","version":"3.2.1"}' });
    const script = join(root, 'server.js');
    const env = attributesFrom('service.version=2');
    expect(resolve({ version: '1' }, env, script).version).toBe('1');
    expect(resolve({}, env, script).version).toBe('2');
    expect(resolve({}, {}, script).version).toBe('3.2.1');
    expect(resolve({}, {}).version).toBeUndefined();
    expect(resolve({}, {}).attributes).not.toHaveProperty('service.version');
  });
});

describe('the resource', () => {
  test('says who the service, the process and the library are', () => {
    const sdk: { version: string } = require('../../node_modules/@opentelemetry/core/package.json');
    const { attributes } = resolve({ name: 'orders', namespace: 'shop', instanceId: 'one' });
    expect(attributes).toEqual({
      'service.name': 'orders',
      'service.namespace': 'shop',
      'service.instance.id': 'one',
      'telemetry.sdk.name': 'opentelemetry',
      'telemetry.sdk.language': 'nodejs',
      'telemetry.sdk.version': sdk.version,
      'telemetry.distro.name': 'golden-signals',
      'telemetry.distro.version': VERSION,
      'process.pid': process.pid,
      'process.creation.time': new Date(performance.timeOrigin).toISOString(),
      'process.runtime.name': 'nodejs',
      'process.runtime.version': process.versions.node,
    });
  });

  test('tells instances apart without being told to', () => {
    const [one, other] = [resolve('orders'), resolve('orders')];
    expect(one.attributes['service.instance.id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(one.attributes['service.instance.id']).not.toBe(other.attributes['service.instance.id']);
  });

  test('takes in OTEL_RESOURCE_ATTRIBUTES, percent-decoded', () => {
    const env = attributesFrom(' deployment.environment.name = a%2Cb%3D%C3%A9 ,,k=,service.namespace=shop');
    const { attributes, said } = resolve('orders', env);
    expect(attributes).toMatchObject({
      'deployment.environment.name': 'a,b=é',
      k: '',
      'service.namespace': 'shop',
    });
    expect(said).toEqual([]);
  });

  test.each(['novalue', 'a=%zz', '=1', 'good=1,%=2'])(
    'leaves all of them out where one is wrong: %s',
    (value) => {
      const { attributes, said } = resolve('orders', attributesFrom(value));
      expect(Object.keys(attributes)).not.toContain('good');
      expect(said).toEqual([
        'OTEL_RESOURCE_ATTRIBUTES must be key=value pairs separated by commas, percent-encoded: all of it is ignored',
      ]);
    },
  );

  test('cannot be changed afterwards', () => {
    const service = resolve('orders');
    expect(Object.isFrozen(service.attributes)).toBe(true);
  });
});

describe('a wrong option', () => {
  test.each([
    [{ nam: 'orders' }, 'option service.nam is unknown: did you mean name?'],
    [{ name: '' }, 'option service.name must be a string with at least one character, got ""'],
    [{ version: 1 }, 'option service.version must be a string with at least one character, got 1'],
    ['', 'option service must be a string with at least one character, got ""'],
    [7, 'option service must be an object, got 7'],
  ])('%j is an error that names it', (given, message) => {
    expect(() => resolve(given as ServiceOptions)).toThrow(message);
  });

  test('that is undefined is none', () => {
    expect(resolve({ name: 'orders', version: undefined } as unknown as ServiceOptions).name).toBe('orders');
  });
});
