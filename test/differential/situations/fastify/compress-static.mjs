// @fastify/compress and @fastify/static: encodings, ranges, streams as replies, and one that breaks off.
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';

export async function service({ instrument, listenFastify, event }) {
  const { default: fastify } = await import('fastify');
  const root = join(process.env.DIFFERENTIAL_FOLDER, 'public');
  mkdirSync(root);
  writeFileSync(join(root, 'a.txt'), '0123456789'.repeat(200));
  utimesSync(join(root, 'a.txt'), 1_700_000_000, 1_700_000_000);
  const app = fastify();
  await app.register(import('@fastify/compress'), { threshold: 0 });
  await app.register(import('@fastify/static'), { root });
  await instrument(app);
  app.addHook('onResponse', async (request, reply) => event(`${request.url} ${reply.statusCode}`));
  app.get('/json', async () => ({ list: Array.from({ length: 300 }, (_, nth) => nth) }));
  app.get('/stream', (_request, reply) => reply.type('text/plain').send(Readable.from(['one ', 'two'])));
  app.get('/breaks', (_request, reply) => {
    const stream = new Readable({ read() {} });
    stream.push('begin');
    setImmediate(() => stream.destroy(new Error('broke off')));
    return reply.type('application/octet-stream').send(stream);
  });
  await listenFastify(app);
}

export async function drive({ client, observe }) {
  for (const encoding of ['gzip', 'br', 'identity']) {
    const headers = { 'Accept-Encoding': encoding };
    observe(`json ${encoding}`, await client.request({ path: '/json', headers }));
    observe(`stream ${encoding}`, await client.request({ path: '/stream', headers }));
    observe(`file ${encoding}`, await client.request({ path: '/a.txt', headers }));
  }
  observe('range', await client.request({ path: '/a.txt', headers: { Range: 'bytes=3-6' } }));
  observe('missing', await client.request({ path: '/b.txt' }));
  observe('breaks', await client.request({ path: '/breaks' }));
}
