// compression: gzip and deflate of what is sent at once and of a stream, with flush(), and a HEAD.
import { Readable } from 'node:stream';

export async function service({ instrument, listen, event }) {
  const { default: express } = await import('express');
  const { default: compression } = await import('compression');
  const app = express();
  await instrument(app);
  app.use(compression({ threshold: 0 }));
  app.get('/text', (_req, res) => {
    for (const name of ['finish', 'close', 'drain']) res.on(name, () => event(`text ${name}`));
    res.type('text').send('words '.repeat(2_000));
  });
  app.get('/stream', (_req, res) => {
    res.type('text');
    Readable.from(['one ', 'two ', 'three']).pipe(res);
  });
  app.get('/events', (_req, res) => {
    res.type('text/event-stream');
    res.write('data: 1\n\n');
    res.flush();
    res.end('data: 2\n\n');
  });
  await listen(app);
}

export async function drive({ client, observe }) {
  for (const encoding of ['gzip', 'deflate', 'identity']) {
    const headers = { 'Accept-Encoding': encoding };
    observe(`text ${encoding}`, await client.request({ path: '/text', headers }));
    observe(`stream ${encoding}`, await client.request({ path: '/stream', headers }));
    observe(`events ${encoding}`, await client.request({ path: '/events', headers }));
  }
  observe(
    'head',
    await client.request({ method: 'HEAD', path: '/text', headers: { 'Accept-Encoding': 'gzip' } }),
  );
}
