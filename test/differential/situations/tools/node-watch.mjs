// node --watch runs a service with a SIGTERM handler of its own, and is ended.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const ends = true;
export const command = () => [
  '--watch',
  '--no-warnings',
  fileURLToPath(new URL('../../fixtures/watched.mjs', import.meta.url)),
];

export async function drive({ child, service, observe }) {
  await service.printed('listening on');
  const port = /listening on (\d+)/.exec(service.stdout())[1];
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
  observe('answer', { status: response.status, body: await response.text() });
  child.kill('SIGTERM');
  await once(child, 'exit');
}

export const mask = [[/listening on \d+/g, 'listening']];
