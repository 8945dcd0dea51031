import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { checkPackages } from '../../src/cli/doctor/check-packages.js';
import { defaultBudgetS } from '../../src/cli/doctor/folder-findings.js';
import { installedIn } from '../../src/cli/doctor/installed-packages.js';
import { parsePodManifests, podManifestsIn } from '../../src/cli/doctor/pod-manifests.js';
import { isNodeSupported, parseVersion } from '../../src/cli/doctor/version.js';
import { resolveShutdown } from '../../src/process/shutdown-options.js';
import { typed } from './support/terminal.js';

const ROOT = join(__dirname, '../..');

/** A folder with these files; an object is written as JSON. */
function folder(files: Readonly<Record<string, string | object>>): string {
  const root = mkdtempSync(join(tmpdir(), 'golden-signals-doctor-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return root;
}

const installed = (name: string, version: string, dependencies: Readonly<Record<string, string>> = {}) => ({
  [`node_modules/${name}/package.json`]: { name, version, dependencies },
});

const well = {
  'package.json': {
    name: 'orders',
    dependencies: { 'golden-signals': '*', '@opentelemetry/api': '*', express: '*' },
  },
  ...installed('golden-signals', '0.1.0'),
  ...installed('@opentelemetry/api', '1.10.0'),
  ...installed('express', '5.3.0'),
};

/** Without a collector: that is another test. */
const env = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' };

async function findings(
  files: Readonly<Record<string, string | object>>,
  more: Readonly<Record<string, string>> = {},
) {
  const { out } = await typed(['doctor', '--json'], { cwd: folder(files), env: { ...env, ...more } });
  return (JSON.parse(out) as { findings: { id: string; severity: string; what: string }[] }).findings;
}

const ids = async (...given: Parameters<typeof findings>) => (await findings(...given)).map(({ id }) => id);

describe('golden-signals doctor in a folder', () => {
  test('finds nothing where all is well', async () => {
    const { code, out } = await typed(['doctor'], { cwd: folder(well), env });
    expect({ code, out }).toEqual({ code: 0, out: '0 errors, 0 warnings\n' });
  });

  test('says with what cure something is wrong, and ends with 1 for errors', async () => {
    const { code, out } = await typed(['doctor'], {
      cwd: folder({ 'package.json': { name: 'orders' } }),
      env,
    });
    expect(code).toBe(1);
    expect(out).toContain('error    not-installed: golden-signals is no dependency of this folder');
    expect(out).toContain('→ npm install golden-signals');
    expect(out).toMatch(/2 errors, 0 warnings\n$/);
  });

  test('ends with 1 for warnings only when told to be strict', async () => {
    const cwd = folder({ ...well, ...installed('express', '3.0.0') });
    expect((await typed(['doctor'], { cwd, env })).code).toBe(0);
    expect((await typed(['doctor', '--strict'], { cwd, env })).code).toBe(1);
  });

  test('takes the folder that is named', async () => {
    const cwd = dirname(folder(well));
    const named = folder(well);
    expect((await typed(['doctor', named], { cwd, env })).out).toBe('0 errors, 0 warnings\n');
    expect((await typed(['doctor', 'not-there'], { cwd: named, env })).out).toContain('no-package');
  });

  test.each<[string, string[], Readonly<Record<string, string | object>>]>([
    ['no package.json', ['no-package'], {}],
    ['a broken package.json', ['no-package'], { 'package.json': '{' }],
    ['an API that is too old', ['api-version'], { ...well, ...installed('@opentelemetry/api', '1.8.0') }],
    ['an API that is too new', ['api-version'], { ...well, ...installed('@opentelemetry/api', '1.11.0') }],
    [
      'no API',
      ['api-missing'],
      {
        'package.json': { dependencies: { 'golden-signals': '*' } },
        ...installed('golden-signals', '0.1.0'),
      },
    ],
    [
      'two copies of the API',
      ['copies-of-api'],
      {
        ...well,
        ...installed('express', '5.3.0', { '@opentelemetry/api': '*' }),
        'node_modules/express/node_modules/@opentelemetry/api/package.json': {
          name: '@opentelemetry/api',
          version: '1.10.1',
        },
      },
    ],
    [
      'two minors of the API',
      ['api-minors'],
      {
        ...well,
        ...installed('express', '5.3.0', { '@opentelemetry/api': '*' }),
        'node_modules/express/node_modules/@opentelemetry/api/package.json': {
          name: '@opentelemetry/api',
          version: '1.9.1',
        },
      },
    ],
    [
      'SDKs of both lines',
      ['sdk-lines'],
      {
        ...well,
        ...installed('express', '5.3.0', { '@opentelemetry/core': '*', '@opentelemetry/sdk-node': '*' }),
        ...installed('@opentelemetry/core', '2.12.0'),
        ...installed('@opentelemetry/sdk-node', '0.301.1'),
      },
    ],
    [
      'two copies of golden-signals',
      ['copies-of-golden-signals'],
      {
        ...well,
        ...installed('express', '5.3.0', { 'golden-signals': '*' }),
        'node_modules/express/node_modules/golden-signals/package.json': {
          name: 'golden-signals',
          version: '0.0.9',
        },
      },
    ],
    [
      'an agent in a script',
      ['second-instrumentation'],
      {
        ...well,
        'package.json': {
          ...well['package.json'],
          scripts: { start: 'node --require @opentelemetry/auto-instrumentations-node/register server.js' },
        },
      },
    ],
    [
      'a framework without routes',
      ['framework-without-routes'],
      {
        ...well,
        'package.json': { dependencies: { ...well['package.json'].dependencies, '@hapi/hapi': '*' } },
      },
    ],
    [
      'clients that are not seen',
      ['client-unseen'],
      { ...well, 'package.json': { dependencies: { ...well['package.json'].dependencies, kafkajs: '*' } } },
    ],
    [
      'hono on another server',
      ['framework-unseen'],
      { ...well, 'package.json': { dependencies: { ...well['package.json'].dependencies, hono: '*' } } },
    ],
  ])('finds %s', async (_name, expected, files) => {
    expect(await ids(files)).toEqual(expected);
  });

  test.each([
    ['1.9.0', '2.12.1', '0.223.1'],
    ['1.10.0', '3.1.1', '0.301.1'],
  ])(
    'finds nothing beside API %s with SDK %s, whose packages are of one line',
    async (api, stable, other) => {
      const files = {
        ...well,
        ...installed('express', '5.3.0', { '@opentelemetry/core': '*', '@opentelemetry/sdk-node': '*' }),
        ...installed('@opentelemetry/api', api),
        ...installed('@opentelemetry/core', stable),
        ...installed('@opentelemetry/sdk-node', other),
      };
      expect(await ids(files)).toEqual([]);
    },
  );

  test('finds an agent in NODE_OPTIONS', async () => {
    expect(await ids(well, { NODE_OPTIONS: '--require dd-trace/init' })).toEqual(['second-instrumentation']);
    expect(await ids(well, { NODE_OPTIONS: '--require my-dd-trace' })).toEqual([]);
  });

  test('finds a disabled SDK', async () => {
    expect(await ids(well, { OTEL_SDK_DISABLED: 'true' })).toEqual(['sdk-disabled']);
  });

  test('does not count what only tests load', async () => {
    const files = {
      ...well,
      'package.json': {
        ...well['package.json'],
        devDependencies: { '@opentelemetry/auto-instrumentations-node': '*' },
      },
    };
    expect(await ids(files)).toEqual([]);
  });

  test('follows links as Node does: one folder by two ways is one copy', async () => {
    const root = folder({
      ...well,
      ...installed('express', '5.3.0', { '@opentelemetry/api': '*' }),
    });
    mkdirSync(join(root, 'node_modules/express/node_modules/@opentelemetry'), { recursive: true });
    symlinkSync(
      join(root, 'node_modules/@opentelemetry/api'),
      join(root, 'node_modules/express/node_modules/@opentelemetry/api'),
    );
    expect(installedIn(root)?.copiesOf('@opentelemetry/api')).toHaveLength(1);
  });

  test('finds packages of a workspace above the folder', async () => {
    const root = folder({ ...well, 'services/orders/package.json': well['package.json'] });
    expect(installedIn(join(root, 'services/orders'))?.copiesOf('golden-signals')).toHaveLength(1);
  });

  test('refuses a Node that the package does not support', () => {
    const there = installedIn(folder(well));
    if (there === undefined) throw new Error('no package.json');
    expect(checkPackages(there, 'v20.18.9', {}).map(({ id }) => id)).toEqual(['node-version']);
    expect(checkPackages(there, 'v20.19.0', {})).toEqual([]);
  });

  test('knows the Nodes of package.json', () => {
    const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(engines.node).toBe('^20.19.0 || >=22.12.0');
    const supported = (text: string) => isNodeSupported(parseVersion(text) ?? [0, 0, 0]);
    expect(['20.19.0', '20.20.2', '22.12.0', '23.0.0', '26.1.0'].filter(supported)).toHaveLength(5);
    expect(['18.20.0', '20.18.3', '21.7.0', '22.11.0'].filter(supported)).toEqual([]);
  });
});

const deployment = (grace: string, probes: string) =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: orders\nspec:\n  template:\n    spec:\n${grace}      containers:\n        - name: app\n${probes}`;
const probe = (kind: string, path: string) =>
  `          ${kind}:\n            httpGet:\n              path: ${path}\n              port: http\n`;
const good = probe('readinessProbe', '/health/ready') + probe('livenessProbe', '/health/live');
const grace = (seconds: string) => `      terminationGracePeriodSeconds: ${seconds}\n`;

describe('golden-signals doctor and Kubernetes', () => {
  test.each([
    ['all is well', deployment(grace('30'), good), []],
    ['nothing is said of the grace period', deployment('', good), []],
    ['it is a template', deployment(grace('{{ .Values.grace }}'), good), []],
    ['the grace period is one second too short', deployment(grace('25'), good), ['grace-period']],
    ['the grace period is a second longer', deployment(grace('26  # enough'), good), []],
    ['it is commented out', deployment('      # terminationGracePeriodSeconds: 5\n', good), []],
    [
      'there is no readiness probe',
      deployment('', probe('livenessProbe', '/health/live')),
      ['readiness-missing'],
    ],
    [
      'probes ask each other’s path',
      deployment('', probe('readinessProbe', '/health/live') + probe('livenessProbe', '/health/ready')),
      ['readiness-path', 'liveness-path'],
    ],
    ['it is no workload', deployment('', '').replace('Deployment', 'Service'), []],
    ['it is the second document', `kind: Service\n---\n${deployment(grace('5'), good)}`, ['grace-period']],
  ])('%s', async (_name, manifest, expected) => {
    expect(await ids({ ...well, 'deploy/orders.yaml': manifest })).toEqual(expected);
  });

  test('reads probes in flow style, and does not mix up those of two kinds', () => {
    const text = deployment(
      '',
      '          livenessProbe: { httpGet: { path: /live, port: 1 } }\n          readinessProbe:\n            tcpSocket:\n              port: 1\n',
    );
    expect(parsePodManifests(text, 'a.yaml')).toEqual([
      {
        file: 'a.yaml',
        name: 'orders',
        gracePeriodS: undefined,
        readiness: { path: undefined },
        liveness: { path: '/live' },
      },
    ]);
  });

  test('has nothing against the example that the package ships', () => {
    const pods = podManifestsIn(join(ROOT, 'examples/kubernetes')).filter(({ file }) => !file.includes('/'));
    expect(pods).toEqual([
      {
        file: 'deployment.yaml',
        name: 'orders',
        gracePeriodS: 30,
        readiness: { path: '/health/ready' },
        liveness: { path: '/health/live' },
      },
    ]);
  });

  test('takes the grace period of the environment, and a budget that was given', async () => {
    expect(await ids(well, { TERMINATION_GRACE_PERIOD_SECONDS: '10' })).toEqual(['grace-period']);
    const cwd = folder(well);
    const more = { ...env, TERMINATION_GRACE_PERIOD_SECONDS: '10' };
    expect((await typed(['doctor', '--budget', '9s'], { cwd, env: more })).out).toBe(
      '0 errors, 0 warnings\n',
    );
  });

  test('knows the budget that a shutdown has by default', () => {
    const inKubernetes = { outside: 'kubernetes', gracePeriodS: undefined } as const;
    expect(resolveShutdown({}, inKubernetes).times.signal.budgetMs).toBe(defaultBudgetS * 1_000);
  });
});

test('docs/doctor.md lists every finding, and no other', () => {
  const page = readFileSync(join(ROOT, 'docs/doctor.md'), 'utf8');
  const table = page.slice(page.indexOf('| Id '));
  const listed = [...table.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell]) =>
    [...(cell as string).matchAll(/`([^`]*)`/g)].map(([, id]) => id as string),
  );
  const sources = [
    'doctor-command.ts',
    ...readdirSync(join(ROOT, 'src/cli/doctor')).map((name) => `doctor/${name}`),
  ];
  const made = sources.flatMap((name) =>
    [...readFileSync(join(ROOT, 'src/cli', name), 'utf8').matchAll(/\bid: ([^,\n]*)/g)].flatMap(([, text]) =>
      [...(text as string).matchAll(/'([a-z-]+)'/g)].map(([, id]) => id as string),
    ),
  );
  expect(listed.toSorted()).toEqual([...new Set(made)].toSorted());
});
