// A throw outside of any request ends a service, with Node's own words.
import { createServer } from 'node:http';

export const ends = true;

export async function service({ instrument, listen, event }) {
  const server = createServer((_req, res) => {
    res.end('answered');
    setImmediate(() => {
      throw new TypeError('not caught');
    });
  });
  process.on('exit', (code) => event(`exit ${code}`));
  process.on('uncaughtExceptionMonitor', (error, origin) => event(`${error.message} by ${origin}`));
  await instrument(server);
  await listen(server);
}

export async function drive({ client, observe }) {
  observe('get', await client.request());
}
