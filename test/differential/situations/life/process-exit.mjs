// process.exit() in a request and the exit listeners; process.exitCode is kept.
import { createServer } from 'node:http';

export const ends = true;

export async function service({ instrument, listen, event }) {
  const server = createServer((_req, res) => {
    process.exitCode = 5;
    res.end('last', () => process.exit());
  });
  process.on('beforeExit', () => event('beforeExit'));
  process.on('exit', (code) => event(`exit ${code}`));
  await instrument(server);
  await listen(server);
}

export async function drive({ client, observe }) {
  observe('get', await client.request({ agent: false }));
}
