import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { PACKAGE } from '../../version.js';

interface Manifest {
  readonly type?: string;
  readonly main?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** What package.json and the files beside it say about a service. */
export interface ServiceFolder {
  readonly isModule: boolean;
  /** Files that may start it, as the manifest and custom have it, the likeliest first. They need not be there. */
  readonly entries: readonly string[];
  /** Dependencies, those for development too. */
  readonly packages: readonly string[];
  /** Undefined where golden-signals is a dependency. */
  readonly install: string | undefined;
  /** The script that loads golden-signals/register, if there is one. */
  readonly registerScript: string | undefined;
}

/** Undefined where there is no package.json that can be read. */
export function readServiceFolder(folder: string): ServiceFolder | undefined {
  const manifest = manifestOf(folder);
  if (manifest === undefined) return undefined;
  const scripts = Object.entries(manifest.scripts ?? {});
  const packages = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  const register = scripts.find(([, command]) => command.includes(`${PACKAGE}/register`))?.[0];
  return {
    isModule: manifest.type === 'module',
    entries: entriesOf(manifest),
    packages,
    install: manifest.dependencies?.[PACKAGE] === undefined ? installCommand(folder) : undefined,
    registerScript: register && `the script ${register} of package.json`,
  };
}

function manifestOf(folder: string): Manifest | undefined {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return typeof manifest === 'object' && manifest !== null ? (manifest as Manifest) : undefined;
  } catch {
    return undefined;
  }
}

const stems = ['src/main', 'src/server', 'src/index', 'src/app', 'main', 'server', 'index', 'app'];
const extensions = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'];

function entriesOf({ scripts = {}, main }: Manifest): string[] {
  const started = ['start', 'start:prod', 'dev', 'start:dev', 'serve'].flatMap((name) =>
    [...(scripts[name] ?? '').matchAll(/(?:^|\s)([\w./-]+\.[cm]?[jt]s)(?=\s|$)/g)].map(
      ([, file]) => file as string,
    ),
  );
  const named = [...started, ...(main === undefined ? [] : [main])].map((file) =>
    normalize(file).replaceAll('\\', '/'),
  );
  const custom = stems.flatMap((stem) => extensions.map((extension) => `${stem}.${extension}`));
  return [...new Set([...named.flatMap(withSources), ...custom])];
}

/** What is built from TypeScript into another folder stands in src under the same name. */
function withSources(file: string): string[] {
  const built = /^(?:dist|build|out|lib)\/(?:src\/)?(.+)\.([cm]?)js$/.exec(file);
  return built === null
    ? [file]
    : [`src/${built[1]}.${built[2]}ts`, `${built[1]}.${built[2]}ts`, `src/${built[1]}.${built[2]}js`];
}

/** By the lock file that is nearest. */
function installCommand(folder: string): string {
  const locks = [
    ['pnpm-lock.yaml', 'pnpm add'],
    ['yarn.lock', 'yarn add'],
    ['bun.lock', 'bun add'],
    ['bun.lockb', 'bun add'],
    ['package-lock.json', 'npm install'],
  ] as const;
  for (let at = folder; ; at = dirname(at)) {
    const found = locks.find(([file]) => existsSync(join(at, file)));
    if (found !== undefined || at === dirname(at)) return `${found?.[1] ?? 'npm install'} ${PACKAGE}`;
  }
}
