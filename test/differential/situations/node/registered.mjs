// No code at all: --import golden-signals/register, with two servers, of which one is closed again.
import { createServer } from 'node:http';

export const registered = true;

export async function service({ listen, event, observe, shapeOf, handles }) {
  const other = createServer((_req, res) => res.end('other'));
  await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));
  const response = await fetch(`http://127.0.0.1:${other.address().port}`, {
    headers: { connection: 'close' },
  });
  event(`other says ${await response.text()}`);
  await new Promise((resolve) => other.close(resolve));
  event('other closed');
  const server = createServer((req, res) => {
    observe('request', shapeOf(req));
    res.end(`here ${req.url}`);
  });
  await listen(server);
  observe('handles', handles());
  observe('process', {
    argv: process.argv.length,
    execArgv: process.execArgv.filter((arg) => !/import|register/.test(arg)),
    listeners: process
      .eventNames()
      .map(String)
      .filter((name) => !name.startsWith('SIG')),
  });
}

export async function drive({ client, observe }) {
  observe('get', await client.request({ path: '/x' }));
  observe('missing', await client.request({ path: '/health/none' }));
}
