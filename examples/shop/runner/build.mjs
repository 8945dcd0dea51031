import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const lock = join(root, 'node_modules/.cache/golden-signals-build.lock');
const soonMs = 2_000;

/** Builds the library, which is quick where its source has not changed since. Throws with what the build said. */
export async function buildOnce(say) {
  // In the package from npm there is nothing to build.
  if (!existsSync(join(root, 'build.mjs'))) return;
  const late = setTimeout(() => say('building golden-signals, where its source has changed'), soonMs);
  // Another demo that starts at the same time finds it built.
  await takeLock();
  try {
    await build();
  } finally {
    clearTimeout(late);
    rmSync(lock, { force: true });
  }
}

async function build() {
  const child = spawn(process.execPath, [join(root, 'build.mjs')], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      said += text;
    });
  }
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the build failed:\n${said.trim()}`);
}

async function takeLock() {
  mkdirSync(dirname(lock), { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (!isHeld()) rmSync(lock, { force: true });
      await wait(200);
    }
  }
}

/** Whether the process that took the lock still runs. */
function isHeld() {
  try {
    return process.kill(Number(readFileSync(lock, 'utf8')), 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
