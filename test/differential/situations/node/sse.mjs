// Server-sent events to two readers, of which one hangs up; the heartbeat stops with it.
import { createServer } from 'node:http';

export async function service({ instrument, listen, event, tell }) {
  const readers = new Set();
  const server = createServer((req, res) => {
    if (req.url === '/publish') {
      for (const reader of readers) reader.write('data: published\n\n');
      return void res.end(String(readers.size));
    }
    if (req.url === '/end') {
      for (const reader of readers) reader.end('event: end\ndata:\n\n');
      return void res.end();
    }
    res.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache',
      'X-Accel-Buffering': 'no',
    });
    res.flushHeaders();
    res.write(':ok\n\n');
    readers.add(res);
    tell('reader');
    req.on('close', () => {
      readers.delete(res);
      event(`reader gone, ended ${res.writableEnded}`);
      tell('gone');
    });
  });
  await instrument(server);
  await listen(server);
}

export async function drive({ client, observe, service }) {
  let leave;
  const leaves = client.request({
    path: '/events',
    onRequest: (req) => {
      req.end();
      leave = () => req.destroy();
    },
  });
  await service.next('reader');
  const stays = client.request({ path: '/events' });
  await service.next('reader');
  observe('published', await client.request({ path: '/publish' }));
  leave();
  await service.next('gone');
  observe('left', await leaves);
  observe('again', await client.request({ path: '/publish' }));
  observe('end', await client.request({ path: '/end' }));
  observe('stayed', await stays);
}
