import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Arguments, ExitCode } from '../command.js';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { clientFrom } from './client.js';

/** Prints what a console holds: a request of OTLP JSON in each line. */
export async function runExport(given: Arguments, terminal: Terminal): Promise<ExitCode> {
  const service = given.value('service');
  const response = await clientFrom(given, terminal).fetch(
    '/api/export',
    service === undefined ? {} : { service },
  );
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) terminal.out(decoder.decode(chunk, { stream: true }));
  return 0;
}

const pathOf: Readonly<Record<string, string>> = {
  resourceSpans: '/v1/traces',
  resourceMetrics: '/v1/metrics',
  resourceLogs: '/v1/logs',
};

/** Sends the lines of a file to a console. */
export async function runImport(given: Arguments, terminal: Terminal): Promise<ExitCode> {
  const [, file] = given.positionals;
  if (file === undefined) throw new UsageError('import takes the file that export has written');
  const client = clientFrom(given, terminal);
  let requests = 0;
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(resolve(terminal.cwd, file)) })) {
    number += 1;
    if (line.trim() === '') continue;
    const path = pathFor(line);
    if (path === undefined) throw new Error(`line ${number} of ${file} is no request of OTLP JSON`);
    await client.send(path, line);
    requests += 1;
  }
  terminal.out(`${requests} requests sent\n`);
  return 0;
}

function pathFor(line: string): string | undefined {
  try {
    const [name = ''] = Object.keys(JSON.parse(line) as object);
    return Object.hasOwn(pathOf, name) ? pathOf[name] : undefined;
  } catch {
    return undefined;
  }
}
