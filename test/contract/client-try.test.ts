import { test } from 'vitest';
import { startChild } from './clients/children.js';
import { startMisbehavingServer } from './clients/misbehaving-server.js';

test('try', async () => {
  const t0 = performance.now();
  const names = (process.env.CL ?? 'fetch').split('|');
  const child = await startChild(
    (process.env.SYS ?? 'cjs') as any,
    (process.env.ORD ?? 'after') as any,
    names,
  );
  console.log('start', performance.now() - t0);
  const server = await startMisbehavingServer();
  const upstream = `127.0.0.1:${server.port}`;
  for (const client of names)
    for (const path of (process.env.P ?? 'ok').split(',')) {
      const t = performance.now();
      const o = await child.call({
        client,
        url: `http://${upstream}/${path}?case=a&sig=x`,
        upstream,
        ...(process.env.O ? JSON.parse(process.env.O) : {}),
      });
      console.log(
        client,
        path,
        (performance.now() - t).toFixed(1),
        JSON.stringify({ ...o, caller: o.caller.events }, null, process.env.L ? 1 : 0),
      );
    }
  console.log(JSON.stringify(server.seen('a').map((s) => s.headers.traceparent)), await child.complaints());
  await child.stop();
  await server.close();
}, 60000);
