// Large uploads and downloads with backpressure, highWaterMark, cork, and bytes that are all there.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { pipeline } from 'node:stream/promises';

export async function service({ instrument, listen, event }) {
  const server = createServer(async (req, res) => {
    if (req.method === 'POST') {
      const hash = createHash('sha256');
      await pipeline(req, hash);
      return void res.end(hash.digest('hex'));
    }
    res.writeHead(200, { 'Content-Length': 3_000_000 });
    let drained = 0;
    for (let nth = 0; nth < 30; nth++) {
      if (res.write(Buffer.alloc(100_000, nth))) continue;
      drained += 1;
      await new Promise((resolve) => res.once('drain', resolve));
    }
    event(`drained ${drained > 0}`);
    res.end();
  });
  await instrument(server);
  await listen(server);
}

export async function drive({ client, observe }) {
  const { body, ...head } = await client.request({ path: '/' });
  observe('download', { ...head, hash: createHash('sha256').update(body).digest('hex') });
  observe(
    'upload',
    await client.request({
      method: 'POST',
      chunks: Array.from({ length: 20 }, (_, nth) => Buffer.alloc(100_000, nth)),
    }),
  );
}
