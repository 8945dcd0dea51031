import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const home = dirname(fileURLToPath(import.meta.url));
const root = join(home, '../..');
const modules = join(home, 'node_modules');
/** Folders with a lock of their own, whose packages cannot be beside others. */
const folders = [home, join(home, 'nest-12')];

/** Installs what the situations need, where a lock has changed, and this package as npm would publish it. Build dist/ first. */
export async function install() {
  for (const folder of folders) installLocked(folder);
  installOurselves();
}

function installLocked(folder) {
  const stamp = join(folder, 'node_modules', '.installed');
  const lock = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  npm(folder, ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline']);
  writeFileSync(stamp, lock);
}

function installOurselves() {
  const folder = mkdtempSync(join(tmpdir(), 'golden-signals-pack-'));
  const target = join(modules, 'golden-signals');
  try {
    const [{ filename }] = JSON.parse(
      npm(root, ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]),
    );
    const { status } = spawnSync('tar', ['-xzf', join(folder, filename), '-C', folder]);
    if (status !== 0) throw new Error(`tar could not unpack ${filename}`);
    rmSync(target, { recursive: true, force: true });
    cpSync(join(folder, 'package'), target, { recursive: true });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const { dependencies = {} } = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) {
    const link = join(target, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    cpSync(join(root, 'node_modules', name), link, { recursive: true });
  }
}

function npm(cwd, args) {
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8', maxBuffer: 1e8 });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed: ${stderr}`);
  return stdout;
}
