import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface Child {
  readonly process: ChildProcess;
  /** Where it listens. */
  readonly url: string;
}

/** Starts a service of `fixtures/` that sends to a console, ended with the test. */
export async function startFixture(
  name: string,
  endpoint: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Child> {
  const child = fork(join(__dirname, '../fixtures', name), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, OTEL_LOG_LEVEL: 'error', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...more },
  });
  onTestFinished(async () => {
    if (child.exitCode !== null || !child.connected) return;
    child.send('end');
    await once(child, 'exit');
  });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { process: child, url: `http://127.0.0.1:${port}` };
}
