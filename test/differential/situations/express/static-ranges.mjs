// serve-static and express' sendFile: ranges, conditional requests, downloads, a directory, a path that climbs out.
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export async function service({ instrument, listen, event }) {
  const { default: express } = await import('express');
  const { default: serveStatic } = await import('serve-static');
  const folder = join(process.env.DIFFERENTIAL_FOLDER, 'public');
  mkdirSync(join(folder, 'sub'), { recursive: true });
  for (const [name, text] of [
    ['a.txt', '0123456789'],
    ['sub/index.html', '<p>sub</p>'],
  ]) {
    writeFileSync(join(folder, name), text);
    utimesSync(join(folder, name), 1_700_000_000, 1_700_000_000);
  }
  const app = express();
  await instrument(app);
  app.get('/download', (_req, res) =>
    res.download(join(folder, 'a.txt'), 'ü.txt', (error) => event(`downloaded ${error}`)),
  );
  app.get('/file/:name', (req, res, next) =>
    res.sendFile(req.params.name, { root: folder }, (error) => error && next(error)),
  );
  app.use('/static', serveStatic(folder));
  app.use((error, _req, res, _next) =>
    res.status(error.status ?? 500).json({ code: error.code, message: error.message.split(',')[0] }),
  );
  await listen(app);
}

export async function drive({ client, observe }) {
  const first = await client.request({ path: '/static/a.txt' });
  observe('whole', first);
  const etag = /etag: (.*)/i.exec(first.headers.join('\n'))[1];
  for (const Range of ['bytes=2-4', 'bytes=-3', 'bytes=20-', 'bytes=0-1,4-5', 'lines=1']) {
    observe(Range, await client.request({ path: '/static/a.txt', headers: { Range } }));
  }
  observe(
    'not modified',
    await client.request({ path: '/static/a.txt', headers: { 'If-None-Match': etag } }),
  );
  observe(
    'precondition',
    await client.request({ path: '/static/a.txt', headers: { 'If-Match': '"other"' } }),
  );
  observe(
    'if range',
    await client.request({ path: '/static/a.txt', headers: { Range: 'bytes=1-2', 'If-Range': '"other"' } }),
  );
  observe('directory', await client.request({ path: '/static/sub' }));
  observe('index', await client.request({ path: '/static/sub/' }));
  observe('out', await client.request({ path: '/static/..%2f..%2fetc/passwd' }));
  observe('file', await client.request({ path: '/file/a.txt' }));
  observe('no file', await client.request({ path: '/file/missing.txt' }));
  observe('download', await client.request({ path: '/download' }));
}
