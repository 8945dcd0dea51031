// koa-helmet, @koa/cors, koa-bodyparser, koa-compress, koa-session and koa-static together.
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export async function service({ instrument, listen }) {
  const load = async (name) => (await import(name)).default;
  const Koa = await load('koa');
  const folder = join(process.env.DIFFERENTIAL_FOLDER, 'public');
  mkdirSync(folder);
  writeFileSync(join(folder, 'a.txt'), '0123456789'.repeat(300));
  utimesSync(join(folder, 'a.txt'), 1_700_000_000, 1_700_000_000);
  const app = new Koa({ keys: ['secret'], proxy: true });
  app.use((await load('koa-helmet'))());
  app.use((await load('@koa/cors'))({ origin: 'https://shop.example' }));
  await instrument(app);
  app.use((await load('koa-compress'))({ threshold: 0, br: false }));
  app.use((await load('koa-session'))({ maxAge: 'session', renew: false }, app));
  app.use((await load('koa-bodyparser'))());
  app.use((await load('koa-static'))(folder));
  app.use((ctx) => {
    ctx.session.views = (ctx.session.views ?? 0) + 1;
    ctx.body = { body: ctx.request.body, views: ctx.session.views, ip: ctx.ip, protocol: ctx.protocol };
  });
  await listen(app);
}

export async function drive({ client, observe }) {
  const send = (headers = {}) =>
    client.request({
      method: 'POST',
      path: '/form',
      headers: {
        'Content-Type': 'application/json',
        'X-Forwarded-For': '10.0.0.1',
        'X-Forwarded-Proto': 'https',
        ...headers,
      },
      body: '{"a":[1]}',
    });
  const first = await send({ Origin: 'https://shop.example' });
  const Cookie = first.headers
    .filter((line) => /^set-cookie/i.test(line))
    .map((line) => line.slice(12).split(';')[0])
    .join('; ');
  observe('first', first);
  observe('second', await send({ Cookie, 'Accept-Encoding': 'gzip' }));
  observe('file', await client.request({ path: '/a.txt', headers: { 'Accept-Encoding': 'gzip' } }));
  observe('range', await client.request({ path: '/a.txt', headers: { Range: 'bytes=1-3' } }));
  observe(
    'invalid',
    await client.request({ method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{' }),
  );
}
