// Packs the built package and lets publint and attw judge the tarball, as `npm run package` and so `npm run check` do.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
// By path, because publint does not export its package.json.
const binary = (name, command) => {
  const manifest = join(root, 'node_modules', name, 'package.json');
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8'));
  return join(dirname(manifest), typeof bin === 'string' ? bin : bin[command]);
};
const publint = binary('publint', 'publint');
const attw = binary('@arethetypeswrong/cli', 'attw');

const folder = mkdtempSync(join(tmpdir(), 'golden-signals-lint-'));
try {
  const packArgs = ['pack', '--json', '--silent', '--ignore-scripts', '--pack-destination', folder];
  const [{ filename }] = JSON.parse(execFileSync('npm', packArgs, { cwd: root, encoding: 'utf8' }));
  const tarball = join(folder, filename);
  const judges = [
    ['publint', [publint, 'run', tarball, '--strict']],
    // The strict profile is every resolution: node10, node16 from CommonJS and from ES modules, bundler.
    ['attw', [attw, tarball, '--profile', 'strict', '--no-emoji']],
  ];
  const failed = judges.filter(([name, args]) => {
    console.log(`\n${name}`);
    return (
      spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).status !== 0
    );
  });
  if (failed.length > 0) {
    console.error(
      `\nthe package is not fit to publish: ${failed.map(([name]) => name).join(', ')} found faults`,
    );
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
