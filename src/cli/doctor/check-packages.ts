import { PACKAGE } from '../../version.js';
import type { Finding } from './finding.js';
import type { Installed, InstalledPackage } from './installed-packages.js';
import { isNodeSupported, parseVersion } from './version.js';

const api = '@opentelemetry/api';

/** Each is one line of releases: two of them in a service are two SDKs. */
const sdk = ['core', 'resources', 'sdk-metrics', 'sdk-trace-base', 'otlp-transformer'].map(
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
          cure: `npm install ${PACKAGE} ${api}@~1.9.0, or name the service's folder`,
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
          cure: `npm install ${api}@~1.9.0`,
        },
      ];
    }
    const strange = copies.filter(({ version }) => !version.startsWith('1.9.'));
    const findings: Finding[] = [];
    if (strange.length > 0) {
      findings.push({
        id: 'api-version',
        severity: 'error',
        what: `${api} is not 1.9.x: ${listed(strange)}`,
        cure: `npm install ${api}@~1.9.0: the SDK refuses others, and spans made through them are lost`,
      });
    }
    if (copies.length > 1) {
      findings.push({
        id: 'copies-of-api',
        severity: 'warning',
        what: `${api} is installed ${copies.length} times: ${listed(copies)}`,
        cure: `npm dedupe, or an override of ${api} to ~1.9.0 in package.json`,
      });
    }
    return findings;
  }

  function checkSdk(): Finding[] {
    return sdk.flatMap((name): Finding[] => {
      const copies = copiesOf(name);
      const lines = new Set(copies.map(({ version }) => version));
      if (lines.size < 2) return [];
      return [
        {
          id: 'sdk-lines',
          severity: 'warning',
          what: `${name} is there in ${lines.size} versions: ${listed(copies)}`,
          cure: `bring what asks for it to the line of ${PACKAGE}: they work side by side, but are loaded and kept twice`,
        },
      ];
    });
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
        what: `${found.join(', ')} may instrument HTTP as well: each request would make two spans, and cost twice`,
        cure: 'take it out, or register its SDK before instrument() and leave its HTTP instrumentation off',
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

function listed(copies: readonly InstalledPackage[]): string {
  return copies.map(({ version, requiredBy }) => `${version} for ${requiredBy}`).join(', ');
}
