// express-rate-limit behind a trusted proxy: counts, headers and the 429.
export async function service({ instrument, listen }) {
  const { default: express } = await import('express');
  const { rateLimit } = await import('express-rate-limit');
  const app = express();
  app.set('trust proxy', 1);
  await instrument(app);
  app.use(rateLimit({ windowMs: 3_600_000, limit: 2, standardHeaders: 'draft-6', legacyHeaders: false }));
  app.get('/', (req, res) =>
    res.json({ ip: req.ip, ips: req.ips, protocol: req.protocol, left: req.rateLimit.remaining }),
  );
  await listen(app);
}

export const mask = [[/(Reset|Retry-After): \d+/g, '$1: <seconds>']];

export async function drive({ client, observe }) {
  const from = (address) =>
    client.request({ headers: { 'X-Forwarded-For': address, 'X-Forwarded-Proto': 'https' } });
  observe('answers', [
    await from('10.0.0.1'),
    await from('10.0.0.1'),
    await from('10.0.0.1'),
    await from('10.0.0.2'),
  ]);
}
