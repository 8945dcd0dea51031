// multer: files and fields of a multipart form, a limit that is passed, a form that breaks off.
export async function service({ instrument, listen }) {
  const { default: express } = await import('express');
  const { default: multer } = await import('multer');
  const upload = multer({ limits: { fileSize: 2_000 } });
  const app = express();
  await instrument(app);
  app.post('/photos', upload.array('photos', 3), (req, res) => {
    const files = req.files.map(({ originalname, mimetype, size }) => ({ originalname, mimetype, size }));
    res.json({ files, fields: { ...req.body } });
  });
  app.use((error, _req, res, _next) =>
    res.status(413).json({ name: error.name, code: error.code, field: error.field }),
  );
  await listen(app);
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
    await send(
      `${part('photos', '; filename="a.png"', 'aaa')}${part('photos', '; filename="b.png"', 'b')}${part('title', '', 'both')}--limit--\r\n`,
    ),
  );
  observe('too large', await send(`${part('photos', '; filename="a.png"', 'a'.repeat(3_000))}--limit--\r\n`));
  observe('unknown field', await send(`${part('other', '; filename="a.png"', 'a')}--limit--\r\n`));
  observe('broken off', await send(part('photos', '; filename="a.png"', 'aaa')));
}
