import { basename, extname } from 'node:path';
import type { Environment } from '../core/environment.js';
import type { FileReader } from './proc-files.js';

/**
 * What waits outside for the process to end. `watcher`: a tool that starts it anew when a file has changed, or a script for development.
 */
export type Outside = 'kubernetes' | 'watcher' | 'unknown';

/** Further up there is the terminal's shell, or an editor. */
const maxAncestors = 4;

const watchers: ReadonlySet<string> = new Set(['nodemon', 'node-dev', 'ts-node-dev', 'tsnd']);
const developmentScript = /(^|[:_-])(dev|develop|watch)($|[:_-])/;

/** Kubernetes goes first: a pod is ended by it, whatever was started there. Then `node --watch`, the script of npm or pnpm, and the parents. */
export function outsideOf(env: Environment, files: FileReader, parentPid: number): Outside {
  if (env.text('KUBERNETES_SERVICE_HOST') !== undefined) return 'kubernetes';
  // `node --watch` sets it for the process that it starts.
  if (env.text('WATCH_REPORT_DEPENDENCIES') !== undefined) return 'watcher';
  if (developmentScript.test(env.text('npm_lifecycle_event') ?? '')) return 'watcher';
  if (isWatcher((env.text('npm_lifecycle_script') ?? '').split(/\s+/))) return 'watcher';
  // nodemon and tsx set nothing.
  for (const command of commandsAbove(files, parentPid)) if (isWatcher(command)) return 'watcher';
  return 'unknown';
}

/** The command lines of the parent, its parent, and so on, as far as Linux shows them. */
function* commandsAbove(files: FileReader, parentPid: number): Generator<readonly string[]> {
  let pid = parentPid;
  for (let count = 0; count < maxAncestors && pid > 0; count += 1) {
    const command = files.text(`/proc/${pid}/cmdline`);
    if (command === undefined) return;
    yield command.split('\0');
    // The name of the program, in brackets, may hold anything: the state and the parent follow the last one.
    const status = files.text(`/proc/${pid}/stat`) ?? '';
    pid = Number(status.slice(status.lastIndexOf(')') + 1).split(' ')[2] ?? 0);
  }
}

function isWatcher(words: readonly string[]): boolean {
  let isTsx = false;
  for (const word of words) {
    if (watchers.has(basename(word, extname(word)))) return true;
    if (word === '--watch' || word.startsWith('--watch-path')) return true;
    if (word.split('/').includes('tsx')) isTsx = true;
    else if (isTsx && word === 'watch') return true;
  }
  return false;
}
