// A script without a server ends when its work is done, and a server that is closed ends too; beforeExit comes once for each.
import { createServer } from 'node:http';

export const ends = true;

export async function service({ instrument, event, observe, handles }) {
  const server = createServer((_req, res) => res.end('served'));
  await instrument(server);
  process.on('beforeExit', () => event('beforeExit'));
  process.on('exit', (code) => event(`exit ${code}`));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const response = await fetch(`http://127.0.0.1:${server.address().port}`, {
    headers: { connection: 'close' },
  });
  event(await response.text());
  await new Promise((resolve) => server.close(resolve));
  event('closed');
  observe('handles', handles());
  const timer = setInterval(() => {}, 1_000);
  observe('with a timer', handles());
  clearInterval(timer);
}
