// body-parser with verify and limits, cookie-parser with signed cookies, and what comes out of errors of both.
export async function service({ instrument, listen, errorOf, observe }) {
  const { default: express } = await import('express');
  const { default: bodyParser } = await import('body-parser');
  const { default: cookieParser } = await import('cookie-parser');
  const app = express();
  await instrument(app);
  app.use(cookieParser('secret'));
  app.use(
    bodyParser.json({
      limit: '1kb',
      verify: (req, _res, buffer) => {
        req.bytes = buffer.length;
      },
    }),
    bodyParser.text(),
  );
  app.post('/echo', (req, res) => {
    res.cookie('seen', 'yes', { signed: true, httpOnly: true }).json({
      body: req.body,
      bytes: req.bytes,
      cookies: req.cookies,
      signed: req.signedCookies,
    });
  });
  app.use((error, _req, res, _next) => {
    observe(`error ${error.type}`, errorOf(error));
    res.status(error.statusCode).json({ type: error.type });
  });
  await listen(app);
}

export async function drive({ client, observe }) {
  const send = (type, body, more = {}) =>
    client.request({ method: 'POST', path: '/echo', headers: { 'Content-Type': type, ...more }, body });
  const first = await send('application/json', '{"a":[1,2]}', { Cookie: 'plain=1; tampered=s%3Ax.y' });
  observe('json', first);
  const Cookie = /set-cookie: ([^;]+)/i.exec(first.headers.join('\n'))?.[1] ?? '';
  observe('text', await send('text/plain', 'words', { Cookie }));
  observe('too large', await send('application/json', JSON.stringify('x'.repeat(2_000))));
  observe('no JSON', await send('application/json', '{'));
  observe('charset', await send('application/json; charset=klingon', '{}'));
  observe('encoding', await send('application/json', '{}', { 'Content-Encoding': 'zip' }));
}
