// A server without listeners for upgrade and CONNECT.
import { createServer } from 'node:http';

export async function service({ instrument, listen }) {
  const server = createServer((req, res) => res.end(`request ${req.url} upgrade ${req.headers.upgrade}`));
  await instrument(server);
  await listen(server);
}

export async function drive({ client, observe }) {
  observe(
    'upgrade',
    await client.raw(
      'GET /ws HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade, close\r\nUpgrade: echo\r\n\r\n',
      (text) => text.includes('echo'),
    ),
  );
  observe('connect', await client.raw('CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n'));
}
