import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Arguments, ExitCode, Flags } from '../command.js';
import { parseDuration, parseShare } from '../quantity.js';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { ConsoleClient, clientFrom } from './client.js';
import { runBeside, start } from './serve.js';

export const assertFlags = {
  url: { value: 'url', help: 'the console that is asked (GOLDEN_SIGNALS_CONSOLE, or that on port 4318)' },
  service: { value: 'name', help: 'assert: of which service; all of them without' },
  errors: { value: 'share', help: 'assert: at most such a share of requests fails' },
  'no-orphans': { help: 'assert: no span lacks its parent' },
  'alert-free': { help: 'assert: no alert fires or has fired' },
  export: { value: 'file', help: 'assert: write what the console holds there where it fails' },
  json: { help: 'assert: the verdict as JSON' },
} as const satisfies Flags;

interface Row {
  readonly service: string;
  readonly count: number;
  readonly p99: number | null;
  readonly errorRatio: number | null;
  readonly slowest?: string;
  readonly failed?: string;
}

/** One thing that was asked, and how it was found. */
interface Check {
  readonly what: string;
  readonly isMet: boolean;
  readonly found: string;
  readonly wanted: string;
  /** Where to look. */
  readonly see: string;
}

/** Services send what is left when they end: a console that got nothing for so long has it all. */
const quietMs = 300;
const mostQuietMs = 5_000;

/** Judges what a console has taken in; of a command behind `--` that it runs first. */
export async function runAssert(given: Arguments, terminal: Terminal): Promise<ExitCode> {
  const { command } = given;
  const wanted = wantedFrom(given);
  if (command === undefined) return judge(clientFrom(given, terminal), wanted, given, terminal);
  const running = await start(given, terminal);
  try {
    const code = await runBeside(running, command, terminal);
    const client = new ConsoleClient(
      new URL(running.url),
      new URL(running.url).searchParams.get('token') ?? undefined,
    );
    await settled(client);
    const verdict = await judge(client, wanted, given, terminal);
    return code === 0 ? verdict : code;
  } finally {
    await running.close();
  }
}

interface Wanted {
  readonly p99Ms: number | undefined;
  readonly errors: number | undefined;
  readonly noOrphans: boolean;
  readonly alertFree: boolean;
}

function wantedFrom(given: Arguments): Wanted {
  const p99S = parseDuration('p99', given.value('p99'));
  const wanted = {
    p99Ms: p99S === undefined ? undefined : p99S * 1_000,
    errors: parseShare('errors', given.value('errors')),
    noOrphans: given.isSet('no-orphans'),
    alertFree: given.isSet('alert-free'),
  };
  if (wanted.p99Ms === undefined && wanted.errors === undefined && !wanted.noOrphans && !wanted.alertFree)
    throw new UsageError('assert takes what is to hold: --p99, --errors, --no-orphans, --alert-free');
  return wanted;
}

async function settled(client: ConsoleClient): Promise<void> {
  let before = '';
  for (let waited = 0; waited < mostQuietMs; waited += quietMs) {
    const { received } = (await client.get('/api/status')) as { received: unknown };
    const now = JSON.stringify(received);
    if (now === before) return;
    before = now;
    await wait(quietMs);
  }
}

async function judge(
  client: ConsoleClient,
  wanted: Wanted,
  given: Arguments,
  terminal: Terminal,
): Promise<ExitCode> {
  const checks = await checksOf(client, wanted, given.value('service'));
  const isMet = checks.every((check) => check.isMet);
  if (given.isSet('json')) terminal.out(`${JSON.stringify({ isMet, checks }, null, 2)}\n`);
  else {
    const width = Math.max(...checks.map(({ what }) => what.length));
    for (const { what, isMet: holds, found, wanted: limit, see } of checks)
      terminal.out(
        `${holds ? 'ok  ' : 'FAIL'}  ${what.padEnd(width)}  ${found} (${limit})${holds || see === '' ? '' : `\n      → ${see}`}\n`,
      );
  }
  const file = given.value('export');
  if (!isMet && file !== undefined) {
    const response = await client.fetch('/api/export');
    await writeFile(resolve(terminal.cwd, file), await response.text());
    terminal.err(`what the console held is in ${file}: golden-signals console import ${file}`);
  }
  return isMet ? 0 : 1;
}

async function checksOf(
  client: ConsoleClient,
  wanted: Wanted,
  service: string | undefined,
): Promise<Check[]> {
  const checks: Check[] = [];
  const { services } = (await client.get('/api/services', { window: '24h' })) as { services: readonly Row[] };
  const rows = services.filter((row) => row.count > 0 && (service === undefined || row.service === service));
  if (rows.length === 0)
    checks.push({
      what: service ?? 'requests',
      isMet: false,
      found: 'no requests',
      wanted: 'at least one',
      see: 'is the service instrumented, and does it send to this console?',
    });
  for (const row of rows) {
    if (wanted.p99Ms !== undefined)
      checks.push({
        what: `${row.service} p99`,
        isMet: (row.p99 ?? 0) <= wanted.p99Ms,
        found: `${(row.p99 ?? 0).toPrecision(3)} ms of ${row.count} requests`,
        wanted: `at most ${wanted.p99Ms} ms`,
        see: await slowestText(client, row.slowest),
      });
    if (wanted.errors !== undefined)
      checks.push({
        what: `${row.service} errors`,
        isMet: (row.errorRatio ?? 0) <= wanted.errors,
        found: `${(100 * (row.errorRatio ?? 0)).toPrecision(3)} % of ${row.count} requests`,
        wanted: `at most ${100 * wanted.errors} %`,
        see: row.failed === undefined ? '' : `trace ${row.failed}`,
      });
  }
  if (wanted.noOrphans) {
    const { orphans, looked, examples } = (await client.get('/api/orphans')) as {
      orphans: number;
      looked: number;
      examples: readonly string[];
    };
    checks.push({
      what: 'orphans',
      isMet: orphans === 0,
      found: `${orphans} of ${looked} spans`,
      wanted: 'none',
      see: examples.length === 0 ? '' : `trace ${examples.join(', ')}`,
    });
  }
  if (wanted.alertFree) {
    const { alerts } = (await client.get('/api/alerts')) as {
      alerts: readonly { name: string; state: string; summary: string; firedAtMs: number | null }[];
    };
    const fired = alerts.filter(({ name, firedAtMs }) => firedAtMs !== null && name !== 'Watchdog');
    checks.push({
      what: 'alerts',
      isMet: fired.length === 0,
      found: `${fired.length} fired`,
      wanted: 'none',
      see: fired.map(({ name, summary }) => `${name}: ${summary}`).join('; '),
    });
  }
  return checks;
}

async function slowestText(client: ConsoleClient, traceId: string | undefined): Promise<string> {
  if (traceId === undefined) return '';
  const view = (await client.get(`/api/traces/${traceId}`).catch(() => undefined)) as
    | { bottleneck?: { service: string; name: string; share: number } }
    | undefined;
  const spent =
    view?.bottleneck === undefined
      ? ''
      : `: ${Math.round(100 * view.bottleneck.share)} % in ${view.bottleneck.service} «${view.bottleneck.name}»`;
  return `trace ${traceId}${spent}`;
}
