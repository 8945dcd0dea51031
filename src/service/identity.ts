import { randomUUID } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { record, text } from '../core/check.js';
import type { Environment } from '../core/environment.js';
import { RUNTIME } from '../core/runtime.js';
import { PACKAGE, VERSION } from '../version.js';

/** Who this service is; each field overrides what the environment and the nearest package.json say. */
export interface ServiceOptions {
  readonly name?: string;
  readonly version?: string;
  readonly namespace?: string;
  /** @default a random UUID for each process */
  readonly instanceId?: string;
}

export interface ServiceConfig {
  readonly name: string;
  readonly version: string | undefined;
  /** The resource of all telemetry, by the resource conventions. */
  readonly attributes: Readonly<Record<string, string | number>>;
}

/** What OpenTelemetry calls a service without a name. */
const unknown = 'unknown_service:node';

/** Who a service is: an empty value in the environment counts as unset. */
const identity = ['service.name', 'service.version', 'service.namespace', 'service.instance.id'];

/** Code beats OTEL_SERVICE_NAME beats OTEL_RESOURCE_ATTRIBUTES beats the nearest package.json. */
export function resolveService(
  given: string | ServiceOptions,
  env: Environment,
  say: (message: string) => void,
): ServiceConfig {
  const options = typeof given === 'string' ? { name: given } : given;
  record('service', options, ['name', 'version', 'namespace', 'instanceId']);
  for (const [key, value] of Object.entries(options)) {
    if (value !== undefined) text(typeof given === 'string' ? 'service' : `service.${key}`, value);
  }
  const fromEnv = parseResourceAttributes(env.text('OTEL_RESOURCE_ATTRIBUTES'), say);
  const found = nearestPackage(programFolder(env));
  const name =
    options.name ?? env.text('OTEL_SERVICE_NAME') ?? fromEnv['service.name'] ?? found.name ?? unknown;
  if (name === unknown)
    say(
      `the service has no name, so it is called ${unknown}: set OTEL_SERVICE_NAME or the option service, or give its package.json a name`,
    );
  const version = options.version ?? fromEnv['service.version'] ?? found.version;
  const namespace = options.namespace ?? fromEnv['service.namespace'];
  const attributes: Record<string, string | number> = {
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': '3.1.1',
    'telemetry.distro.name': PACKAGE,
    'telemetry.distro.version': VERSION,
    'process.pid': process.pid,
    'process.creation.time': new Date(performance.timeOrigin).toISOString(),
    'process.runtime.name': RUNTIME.name,
    'process.runtime.version': RUNTIME.version,
    ...fromEnv,
    'service.name': name,
    'service.instance.id': options.instanceId ?? fromEnv['service.instance.id'] ?? randomUUID(),
  };
  if (version !== undefined) attributes['service.version'] = version;
  if (namespace !== undefined) attributes['service.namespace'] = namespace;
  return Object.freeze({ name, version, attributes: Object.freeze(attributes) });
}

/** `key=value,key=value` with percent-encoded values; one bad pair discards all of them (OpenTelemetry, "Resource SDK"). */
function parseResourceAttributes(
  variable: string | undefined,
  onInvalid: (message: string) => void,
): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const pair of (variable ?? '').split(',')) {
    if (pair.trim() === '') continue;
    const equals = pair.indexOf('=');
    const key = pair.slice(0, equals).trim();
    try {
      if (equals < 0 || key === '') throw new URIError();
      attributes[decodeURIComponent(key)] = decodeURIComponent(pair.slice(equals + 1).trim());
    } catch {
      onInvalid(
        'OTEL_RESOURCE_ATTRIBUTES must be key=value pairs separated by commas, percent-encoded: all of it is ignored',
      );
      return {};
    }
  }
  for (const key of identity) if (attributes[key] === '') delete attributes[key];
  return attributes;
}

/**
 * Where the program is that this process runs. Nothing inside node_modules is a service: pm2, vitest and jest run one from there, and
 * are passed over. pm2 says which program it runs; the others are started in its folder.
 */
function programFolder(env: Environment): string {
  for (const file of [process.argv[1], env.text('pm_exec_path')]) {
    if (file === undefined) continue;
    const program = resolved(file);
    if (!isInstalled(program)) return dirname(program);
  }
  return process.cwd();
}

function isInstalled(path: string): boolean {
  return path.split(/[\\/]/).includes('node_modules');
}

/** Links lead from a folder of commands to a package, and from node_modules to a workspace. */
function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function nearestPackage(from: string): { name?: string; version?: string } {
  if (isInstalled(from)) return {};
  for (let folder = from; ; folder = dirname(folder)) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
        string,
        unknown
      >;
      // A package.json without a name, as in a folder of fixtures, is no answer.
      if (typeof name === 'string' && name !== '')
        return { name, ...(typeof version === 'string' ? { version } : {}) };
    } catch {
      // None here, or none that can be read: look further up.
    }
    if (dirname(folder) === folder) return {};
  }
}
