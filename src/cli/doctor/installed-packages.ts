import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  /** Without links. */
  readonly folder: string;
  /** Who asks for it, the first found. */
  readonly requiredBy: string;
}

export interface Installed {
  readonly manifest: Manifest;
  readonly packages: readonly InstalledPackage[];
  /** All copies of a package that the service can load. */
  copiesOf(name: string): readonly InstalledPackage[];
}

/** More than any service has; a bound for folders that link in circles. */
const maxPackages = 20_000;

/**
 * What a service can load: found from package to package as Node resolves them, so that it holds for npm, pnpm and workspaces alike. Not
 * its development dependencies. Undefined if the folder has no package.json that can be read.
 */
export function installedIn(folder: string): Installed | undefined {
  const manifest = manifestOf(folder);
  if (manifest === undefined) return undefined;
  const found = new Map<string, InstalledPackage>();
  const queue = [{ folder, manifest, name: manifest.name ?? 'this folder' }];
  for (const asking of queue) {
    for (const name of namesIn(asking.manifest)) {
      const at = resolve(name, asking.folder);
      if (at === undefined || found.has(at) || found.size >= maxPackages) continue;
      const theirs = manifestOf(at);
      if (theirs === undefined) continue;
      found.set(at, { name, version: theirs.version ?? '0.0.0', folder: at, requiredBy: asking.name });
      queue.push({ folder: at, manifest: theirs, name });
    }
  }
  const packages = [...found.values()];
  return { manifest, packages, copiesOf: (name) => packages.filter((one) => one.name === name) };
}

function namesIn({ dependencies, optionalDependencies, peerDependencies }: Manifest): string[] {
  return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
}

function resolve(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (manifestOf(candidate) !== undefined) return realpathSync(candidate);
    if (folder === dirname(folder)) return undefined;
  }
}

function manifestOf(folder: string): Manifest | undefined {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return typeof manifest === 'object' && manifest !== null ? (manifest as Manifest) : undefined;
  } catch {
    return undefined;
  }
}
