// @fastify/multipart and @fastify/swagger: uploads, limits, and the document made of the routes.
export async function service({ instrument, listenFastify, observe }) {
  const { default: fastify } = await import('fastify');
  const app = fastify();
  await instrument(app);
  await app.register(import('@fastify/swagger'), { openapi: { info: { title: 'shop', version: '1.0.0' } } });
  await app.register(import('@fastify/multipart'), { limits: { fileSize: 1_000 } });
  app.post('/photos', { schema: { summary: 'keeps a photo' } }, async (request) => {
    const names = [];
    for await (const part of request.parts()) {
      const size = part.type === 'file' ? (await part.toBuffer()).length : part.value;
      names.push([part.fieldname, part.filename, size]);
    }
    return names;
  });
  app.get('/openapi', async () => app.swagger());
  await app.ready();
  observe('document', app.swagger());
  await listenFastify(app);
}

const part = (name, file, text) =>
  `--limit\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n${text}\r\n`;

export async function drive({ client, observe }) {
  const send = (body) =>
    client.request({
      method: 'POST',
      path: '/photos',
      headers: { 'Content-Type': 'multipart/form-data; boundary=limit' },
      body,
    });
  observe(
    'two',
    await send(`${part('photo', '; filename="a.png"', 'aaa')}${part('title', '', 'x')}--limit--\r\n`),
  );
  observe('too large', await send(`${part('photo', '; filename="a.png"', 'a'.repeat(3_000))}--limit--\r\n`));
  observe(
    'no form',
    await client.request({
      method: 'POST',
      path: '/photos',
      headers: { 'Content-Type': 'application/json' },
      body: '{}',
    }),
  );
  observe('openapi', await client.request({ path: '/openapi' }));
}
