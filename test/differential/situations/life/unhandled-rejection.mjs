// A promise of a request that nobody catches ends the process, as Node decides; what it prints is the same.
import { createServer } from 'node:http';

export const ends = true;

export async function service({ instrument, listen, event }) {
  const server = createServer((_req, res) => {
    res.end('answered');
    setImmediate(() => Promise.reject(Object.assign(new Error('forgotten'), { code: 'E_OWN' })));
  });
  process.on('exit', (code) => event(`exit ${code}`));
  await instrument(server);
  await listen(server);
}

export async function drive({ client, observe }) {
  observe('get', await client.request());
}
