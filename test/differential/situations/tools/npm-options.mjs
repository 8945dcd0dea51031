// NODE_OPTIONS=--import golden-signals/register around npm and the script that it runs: neither is a service.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const home = fileURLToPath(new URL('../../', import.meta.url));

export const ends = true;
export const cwd = (folder) => folder;
export const environment = { npm_config_update_notifier: 'false' };

export const command = ({ mode, folder }) => {
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'job', version: '1.0.0', scripts: { start: 'node job.cjs' } }),
  );
  writeFileSync(join(folder, 'job.cjs'), "console.log('done', process.exitCode); process.exitCode = 4;");
  const register = pathToFileURL(join(home, 'node_modules/golden-signals/dist/register.js')).href;
  const options = mode === 'instrumented' ? `--import ${register}` : '';
  const script = `process.env.NODE_OPTIONS = ${JSON.stringify(options)}; process.exitCode = require('node:child_process').spawnSync('npm', ['start'], { stdio: ['ignore', 'inherit', 'inherit'] }).status`;
  return ['-e', script];
};

export const mask = [
  [/npm error [^\\]*debug-0\.log\\n/g, ''],
  [/npm error A complete log[^\\]*\\n/g, ''],
];
