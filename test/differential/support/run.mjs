import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createClient } from './client.mjs';
import { startUpstream } from './upstream.mjs';

const home = dirname(dirname(fileURLToPath(import.meta.url)));
// Only what hangs takes so long, also on a busy machine.
const limitMs = 90_000;

/** Runs a situation once, and gives all that could be observed of it, as plain JSON. */
export async function observe(situation, { mode, node, collector }) {
  const folder = mkdtempSync(join(tmpdir(), 'golden-signals-differential-'));
  const requests = [];
  const upstream =
    situation.module.upstream === undefined
      ? undefined
      : await startUpstream(situation.module.upstream, requests);
  const environment = {
    ...ownEnvironment(),
    ...situation.module.environment,
    PATH: `${dirname(node)}${delimiter}${process.env.PATH}`,
    DIFFERENTIAL_MODE: mode,
    DIFFERENTIAL_FOLDER: folder,
    OTEL_SERVICE_NAME: 'differential',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector,
  };
  if (upstream !== undefined) environment.DIFFERENTIAL_UPSTREAM = upstream.url;
  const register = ['--import', 'golden-signals/register'];
  const isRegistered = situation.module.registered === true && mode === 'instrumented';
  const command = situation.module.command?.({ mode, node, folder, register }) ?? [
    ...(isRegistered ? register : []),
    join(home, 'support/service.mjs'),
    situation.file,
  ];
  const child = spawn(node, command, {
    cwd: situation.module.cwd?.(folder) ?? home,
    env: environment,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  const process_ = watch(child);
  const observed = {};
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${mode}: not done after ${limitMs / 1_000} s`)), limitMs);
  });
  let client;
  let isProven = isRegistered || situation.module.command !== undefined;
  try {
    const drive = async () => {
      const { module } = situation;
      if (module.drive !== undefined) {
        const { value: port } = module.command === undefined ? await process_.next('listening') : {};
        client = port === undefined ? undefined : createClient(port);
        await module.drive({
          client,
          port,
          child,
          folder,
          upstream,
          service: process_,
          observe: (key, value) => {
            observed[key] = value;
          },
        });
        client?.close();
        if (module.ends !== true) await process_.end(child);
      }
      await process_.closed;
    };
    await Promise.race([drive(), late]);
  } catch (error) {
    observed['!'] = `${error.message}\n${process_.stdout()}\n${process_.stderr()}`;
  } finally {
    clearTimeout(timer);
    client?.close();
    child.kill('SIGKILL');
    await process_.closed;
    upstream?.close();
    isProven ||= existsSync(join(folder, 'instrumented'));
    rmSync(folder, { recursive: true, force: true });
  }
  const all = {
    ...process_.observed,
    ...observed,
    events: process_.events,
    stdout: process_.stdout(),
    stderr: process_.stderr(),
    exit: process_.exit(),
  };
  if (upstream !== undefined && situation.module.hidesUpstream !== true) all.upstream = requests;
  return { observation: normalised(all, { folder, ports: process_.ports, upstream, situation }), isProven };
}

/** The surroundings of the runner are no part of a situation. */
function ownEnvironment() {
  const left =
    /^(OTEL_|NODE_OPTIONS|NODE_V8|VITEST|TEST_|npm_|CI$|NO_COLOR|FORCE_COLOR|PORT$|DEBUG$|HTTPS?_PROXY|https?_proxy)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !left.test(name)));
}

function watch(child) {
  const waiting = new Map();
  const told = new Map();
  const state = { observed: {}, events: [], ports: [], stdout: '', stderr: '' };
  let exit;
  child.stdout.setEncoding('utf8').on('data', (text) => {
    state.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    state.stderr += text;
  });
  child.once('exit', (code, signal) => {
    exit = { code, signal };
  });
  child.stdin.on('error', () => {});
  createInterface({ input: child.stdio[3] }).on('line', (line) => {
    const { name, value } = JSON.parse(line);
    if (name === 'observe') state.observed[value.key] = value.value;
    if (name === 'event') state.events.push(value);
    if (name === 'listening') state.ports.push(value);
    if (waiting.has(name)) {
      waiting.get(name)({ value });
      waiting.delete(name);
    } else told.set(name, [...(told.get(name) ?? []), { value }]);
  });
  const closed = once(child, 'close');
  return {
    ...state,
    closed,
    /** The next thing told under this name. */
    next(name) {
      const list = told.get(name) ?? [];
      if (list.length > 0) return Promise.resolve(list.shift());
      const ended = closed.then(() => {
        throw new Error(`ended before it told "${name}": ${state.stderr}`);
      });
      return Promise.race([new Promise((resolve) => waiting.set(name, resolve)), ended]);
    },
    /** Ends it, when it has seen the end of all connections: what it does after an answer counts too. */
    async end(child) {
      child.kill('SIGUSR2');
      await Promise.race([this.next('quiet').catch(() => {}), closed]);
      child.kill('SIGKILL');
    },
    /** Resolves when standard output holds the text so often. */
    async printed(text, count = 1) {
      while (state.stdout.split(text).length <= count) await once(child.stdout, 'data');
    },
    stdout: () => state.stdout,
    stderr: () => state.stderr,
    exit: () => exit,
  };
}

/** Without what differs between any two runs: ports, folders, process ids. */
function normalised(value, { folder, ports, upstream, situation }) {
  let text = JSON.stringify(value);
  ports.forEach((port, nth) => {
    text = text.replace(new RegExp(`(?<!\\d)${port}(?!\\d)`, 'g'), `<port ${nth + 1}>`);
  });
  if (upstream !== undefined) {
    text = text.replace(new RegExp(`(?<!\\d)${upstream.port}(?!\\d)`, 'g'), '<upstream>');
  }
  text = text
    .replaceAll(folder, '<folder>')
    .replaceAll(home, '<home>')
    .replace(/\(node:\d+\)/g, '(node:<pid>)');
  for (const [pattern, by] of situation.module.mask ?? []) text = text.replace(pattern, by);
  return JSON.parse(text);
}
