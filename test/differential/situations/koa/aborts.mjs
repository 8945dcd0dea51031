// Clients that hang up: in the middle of their body, before the answer, in the middle of a stream.
import { PassThrough } from 'node:stream';

export async function service({ instrument, listen, event, tell }) {
  const { default: Koa } = await import('koa');
  const app = new Koa();
  app.on('error', (error) => event(`error ${error.code}`));
  await instrument(app);
  app.use(async (ctx) => {
    const { req, res } = ctx;
    for (const name of ['aborted', 'error', 'close', 'end'])
      req.on(name, () => event(`${ctx.path} request ${name}`));
    for (const name of ['error', 'finish', 'close']) {
      res.on(name, () => {
        event(`${ctx.path} response ${name} ended ${res.writableEnded} finished ${res.writableFinished}`);
        if (name === 'close') tell(`closed ${ctx.path}`);
      });
    }
    tell(`asked ${ctx.path}`);
    if (ctx.path === '/stream') {
      ctx.body = new PassThrough();
      ctx.body.write('begin');
    } else if (ctx.path === '/body') {
      await new Promise((resolve) => req.resume().on('close', resolve));
      ctx.body = 'too late';
    } else await new Promise((resolve) => res.on('close', resolve));
  });
  await listen(app);
}

export async function drive({ client, observe, service }) {
  for (const path of ['/waits', '/stream', '/body']) {
    const request = client.request({
      path,
      method: path === '/body' ? 'POST' : 'GET',
      headers: path === '/body' ? { 'Content-Length': '100' } : {},
      onRequest: async (req) => {
        if (path === '/body') req.write('half');
        else req.end();
        await service.next(`asked ${path}`);
        if (path !== '/stream') req.destroy();
        else req.on('response', (res) => res.once('data', () => req.destroy()));
      },
    });
    observe(path, await request);
    await service.next(`closed ${path}`);
  }
}
