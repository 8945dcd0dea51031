import { PACKAGE } from '../../version.js';
import type { Finding } from './finding.js';
import type { Installed, InstalledPackage } from './installed-packages.js';
import { isNodeSupported, parseVersion } from './version.js';

const api = '@opentelemetry/api';

/** Of each line of the SDK there is one copy in a service that keeps to it. */
const sdk = ['core', 'resources', 'sdk-metrics', 'sdk-trace', 'sdk-trace-base', 'sdk-logs', 'sdk-node'].map(
  (name) => `@opentelemetry/${name}`,
);

/** What traces HTTP by itself, too. */
const agents = [
  '@opentelemetry/auto-instrumentations-node',
  '@opentelemetry/instrumentation-http',
  '@opentelemetry/instrumentation-undici',
  '@opentelemetry/instrumentation-express',
  '@opentelemetry/instrumentation-fastify',
  '@opentelemetry/instrumentation-koa',
  '@opentelemetry/instrumentation-nestjs-core',
  '@fastify/otel',
  '@sentry/node',
  'applicationinsights',
  'dd-trace',
  'elastic-apm-node',
  'newrelic',
] as const;

/** Versions that do not go together, and copies that do not know of each other. */
export function checkPackages(
  { manifest, copiesOf }: Installed,
  nodeVersion: string,
  env: Readonly<Record<string, string | undefined>>,
): readonly Finding[] {
  return [...checkNode(nodeVersion), ...checkSelf(), ...checkApi(), ...checkSdk(), ...checkAgents()];

  function checkSelf(): Finding[] {
    const copies = copiesOf(PACKAGE);
    if (manifest.name === PACKAGE || copies.length === 1) return [];
    if (copies.length === 0) {
      return [
        {
          id: 'not-installed',
          severity: 'error',
          what: `${PACKAGE} is no dependency of this folder, or is not installed`,
          cure: `npm install ${PACKAGE}, or name the service's folder`,
        },
      ];
    }
    return [
      {
        id: 'copies-of-golden-signals',
        severity: 'warning',
        what: `${PACKAGE} is installed ${copies.length} times: ${listed(copies)}`,
        cure: 'npm dedupe: copies share one handle, but each costs memory, and the first loaded decides the version',
      },
    ];
  }

  function checkApi(): Finding[] {
    const copies = copiesOf(api);
    if (copies.length === 0) {
      return [
        {
          id: 'api-missing',
          severity: 'error',
          what: `${api} is not installed`,
          cure: `npm install ${api}@^1.9.0`,
        },
      ];
    }
    const strange = copies.filter(({ version }) => !/^1\.(?:9|10)\./.test(version));
    const findings: Finding[] = [];
    if (strange.length > 0) {
      findings.push({
        id: 'api-version',
        severity: 'error',
        what: `${api} is neither 1.9.x nor 1.10.x: ${listed(strange)}`,
        cure: `npm install ${api}@^1.9.0: no other version is tested, and what is made with one may be lost`,
      });
    }
    const minors = new Set(copies.map(({ version }) => version.split('.').slice(0, 2).join('.')));
    if (minors.size > 1) {
      findings.push({
        id: 'api-minors',
        severity: 'error',
        what: `${minors.size} minors of ${api} are installed: ${listed(copies)}; what is made with the newer one is lost where the older one came first`,
        cure: 'bring what asks for them to one line of the SDK: 2.x takes API 1.9, 3.x takes API 1.10',
      });
    } else if (copies.length > 1) {
      findings.push({
        id: 'copies-of-api',
        severity: 'warning',
        what: `${api} is installed ${copies.length} times: ${listed(copies)}`,
        cure: `npm dedupe, or an override of ${api} in package.json`,
      });
    }
    return findings;
  }

  function checkSdk(): Finding[] {
    const copies = sdk.flatMap(copiesOf);
    const lines = new Map(copies.map((copy) => [sdkLineOf(copy.version), copy]));
    if (lines.size < 2) return [];
    return [
      {
        id: 'sdk-lines',
        severity: 'warning',
        what: `SDKs of ${lines.size} lines are installed: ${named([...lines.values()])}`,
        cure: `bring what asks for them to one line: they are loaded and kept side by side. ${PACKAGE} needs neither, and works beside both`,
      },
    ];
  }

  function checkAgents(): Finding[] {
    const started = [env.NODE_OPTIONS ?? '', ...Object.values(manifest.scripts ?? {})].join('\n');
    const asked = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
    const found = agents.filter((name) => asked.includes(name) || mentions(started, name));
    if (found.length === 0) return [];
    return [
      {
        id: 'second-instrumentation',
        severity: 'warning',
        what: `${found.join(', ')} may instrument HTTP as well: each request would cost twice`,
        cure: 'take it out, or leave its HTTP instrumentation off',
      },
    ];
  }
}

function checkNode(nodeVersion: string): Finding[] {
  const version = parseVersion(nodeVersion);
  if (version === undefined || isNodeSupported(version)) return [];
  return [
    {
      id: 'node-version',
      severity: 'error',
      what: `Node ${nodeVersion.replace(/^v/, '')} is not supported`,
      cure: 'use Node ^20.19.0 or >=22.12.0',
    },
  ];
}

/** As a module's name, not as a part of one. */
function mentions(text: string, name: string): boolean {
  return text.split(/[\s=,:'"]+/).some((word) => word === name || word.startsWith(`${name}/`));
}

/** The stable packages of a line have its major; of the experimental ones, 0.2xx go with 2.x and 0.3xx with 3.x. */
function sdkLineOf(version: string): number {
  const [major = 0, minor = 0] = parseVersion(version) ?? [];
  return major > 0 ? major : Math.max(1, Math.floor(minor / 100));
}

function named(copies: readonly InstalledPackage[]): string {
  return copies.map(({ name, version, requiredBy }) => `${name} ${version} for ${requiredBy}`).join(', ');
}

function listed(copies: readonly InstalledPackage[]): string {
  return copies.map(({ version, requiredBy }) => `${version} for ${requiredBy}`).join(', ');
}
