import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Console } from '../../console/console.js';
import { backgroundTimers } from '../../core/timers.js';
import type { Arguments, ExitCode, Flags } from '../command.js';
import { parseBytes, parseDuration } from '../quantity.js';
import { rulesFrom } from '../rule-flags.js';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage-error.js';

const defaultPort = 4318;
const defaultMemoryBytes = 256 * 2 ** 20;
const leastMemoryBytes = 16 * 2 ** 20;

export const serveFlags = {
  port: { value: 'number', help: 'where it listens; the next one where it is taken (4318)' },
  host: { value: 'address', help: 'another address than the loopback; needs a token' },
  token: { value: 'text', help: 'what senders and pages have to show; or GOLDEN_SIGNALS_CONSOLE_TOKEN' },
  'allow-host': { value: 'name', isRepeated: true, help: 'a further name by which it may be called' },
  memory: { value: 'size', help: 'what spans and log lines may take (256MiB)' },
  rules: { value: 'file', help: 'further alert rules: a rule file of Prometheus, in JSON' },
  for: { value: 'time', help: 'the longest that an alert waits before it fires (10s)' },
  webhook: { value: 'url', help: "gets alerts, in Alertmanager's form with their evidence" },
  actions: {
    value: 'url',
    help: 'URL of this machine: buttons of the page; or GOLDEN_SIGNALS_CONSOLE_ACTIONS',
  },
} as const satisfies Flags;

/** Runs a console until it is ended, or as long as a command runs. */
export async function serve(given: Arguments, terminal: Terminal): Promise<ExitCode> {
  const { command } = given;
  const running = await start(given, terminal);
  try {
    if (command !== undefined) return await runBeside(running, command, terminal);
    terminal.out(
      [
        `golden-signals console: ${running.url}`,
        `  senders   OTEL_EXPORTER_OTLP_ENDPOINT=${running.endpoint}${running.port === defaultPort ? ', which is their default' : ''}`,
        `  memory    ${(memoryFrom(given) / 2 ** 20).toFixed(0)} MiB for spans and log lines, none of it on disk`,
        '',
      ].join('\n'),
    );
    await ended();
    return 0;
  } finally {
    await running.close();
  }
}

/** @throws UsageError */
export async function start(given: Arguments, terminal: Terminal): Promise<Console> {
  const host = given.value('host') ?? 'localhost';
  const token = given.value('token') ?? terminal.env.GOLDEN_SIGNALS_CONSOLE_TOKEN;
  const isBeside = given.command !== undefined;
  const options = {
    host,
    // Beside a command the console is one of its own, whatever else runs on this machine.
    port: portFrom(given.value('port')) ?? (isBeside ? 0 : defaultPort),
    token,
    allowHosts: given.values('allow-host'),
    memoryBytes: memoryFrom(given),
    rules: rulesFrom(given),
    ownRules: await ownRulesFrom(given.value('rules')),
    maxForMs: (parseDuration('for', given.value('for')) ?? 10) * 1_000,
    webhook: webhookFrom(given.value('webhook')),
    actions: given.value('actions') ?? terminal.env.GOLDEN_SIGNALS_CONSOLE_ACTIONS,
    now: Date.now,
    timers: backgroundTimers,
    pageFolder: pageFolder(),
    say: (line: string) => terminal.err(`golden-signals console: ${line}`),
  };
  // Loaded here, so that no other command pays for it.
  const [{ startConsole }, { isLoopback }] = await Promise.all([
    import('../../console/console.js'),
    import('../../console/http/listen.js'),
  ]);
  checkActions(options.actions, isLoopback);
  if (!isLoopback(host) && token === undefined)
    throw new UsageError(
      `--host ${host} is open to others: give a --token of your choice, which senders show as OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20<token>"`,
    );
  try {
    return await startConsole(options);
  } catch (error) {
    const file = given.value('rules');
    const { name, message } = error as Error;
    // The built-in rules are not the user's to mend.
    if (file === undefined || (name !== 'PromqlError' && name !== 'TemplateError')) throw error;
    throw new UsageError(`--rules ${file}: ${message}`);
  }
}

/** Runs a command with an environment in which services send to this console, and soon. Its exit code is that of the command. */
export function runBeside(
  { endpoint, url }: Console,
  [program = '', ...words]: readonly string[],
  { cwd, env, err }: Terminal,
): Promise<ExitCode> {
  if (program === '') throw new UsageError('behind -- there has to be a command');
  const child = spawn(program, words, {
    cwd,
    stdio: 'inherit',
    env: {
      OTEL_LOGS_EXPORTER: 'otlp',
      OTEL_METRIC_EXPORT_INTERVAL: '1000',
      OTEL_BSP_SCHEDULE_DELAY: '500',
      OTEL_BLRP_SCHEDULE_DELAY: '500',
      ...env,
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      GOLDEN_SIGNALS_CONSOLE: url,
    },
  });
  // The terminal sends these to the command as well; the console outlives it.
  const ignore = () => undefined;
  const forward = () => void child.kill('SIGTERM');
  process.on('SIGINT', ignore);
  process.on('SIGTERM', forward);
  return new Promise((resolve) => {
    const settle = (code: ExitCode) => {
      process.removeListener('SIGINT', ignore);
      process.removeListener('SIGTERM', forward);
      resolve(code);
    };
    child.once('error', (error) => {
      err(`golden-signals console: ${program} cannot be run: ${error.message}`);
      settle(127);
    });
    // As a shell has it for a command that a signal has ended.
    child.once('exit', (code, signal) => settle(code ?? 128 + (constants.signals[signal as 'SIGTERM'] ?? 0)));
  });
}

async function ownRulesFrom(file: string | undefined) {
  if (file === undefined) return [];
  const { readRuleFile } = await import('../../console/alerts/rule-file.js');
  try {
    return readRuleFile(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`--rules ${file}: ${(error as Error).message}`);
  }
}

/** Where the build puts the page; undefined when the source is run. */
function pageFolder(): string | undefined {
  const folder = join(__dirname, '../page');
  return existsSync(join(folder, 'index.html')) ? folder : undefined;
}

function ended(): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      process.removeListener('SIGINT', end);
      process.removeListener('SIGTERM', end);
      resolve();
    };
    process.once('SIGINT', end);
    process.once('SIGTERM', end);
  });
}

function portFrom(typed: string | undefined): number | undefined {
  if (typed === undefined) return undefined;
  const port = Number(typed);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new UsageError(`--port takes a number up to 65535, got ${JSON.stringify(typed)}`);
  return port;
}

function memoryFrom(given: Arguments): number {
  const bytes = parseBytes('memory', given.value('memory')) ?? defaultMemoryBytes;
  if (bytes < leastMemoryBytes)
    throw new UsageError(`--memory has to be at least ${leastMemoryBytes / 2 ** 20}MiB`);
  return bytes;
}

function checkActions(typed: string | undefined, isLoopback: (host: string) => boolean): void {
  if (typed === undefined) return;
  const url = URL.canParse(typed) ? new URL(typed) : undefined;
  if (url?.protocol !== 'http:' || !isLoopback(url.hostname.replace(/^\[|\]$/g, '')) || url.search !== '')
    throw new UsageError(
      `--actions takes an http URL of this machine, such as http://localhost:3999/faults, got ${JSON.stringify(typed)}`,
    );
}

function webhookFrom(typed: string | undefined): string | undefined {
  if (typed === undefined) return undefined;
  // The value stays out of the message: it may hold a password.
  if (!URL.canParse(typed) || !/^https?:/.test(typed))
    throw new UsageError('--webhook takes an http or https URL');
  return typed;
}
