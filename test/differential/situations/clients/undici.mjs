// undici: request, stream, pipeline, Client, Pool and Agent of 7 and 6, with pipelining, dispatcher handlers and errors.
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { misbehave as upstream } from '../../fixtures/upstream.mjs';

export { upstream };
export const ends = true;

export async function service({ instrument, upstream: url, observe, errorOf, shapeOf }) {
  const versions = { 7: await import('undici'), 6: await import('undici6') };
  await instrument();
  for (const [version, undici] of Object.entries(versions)) {
    const attempt = async (name, call) => {
      const shown = async ({ statusCode, headers, trailers, body }) => ({
        statusCode,
        headers: { ...headers, date: undefined, 'keep-alive': undefined },
        body: (await text(body)).slice(0, 99),
        trailers,
      });
      observe(
        `${version}: ${name}`,
        await call()
          .then(shown)
          .catch((error) => errorOf(error)),
      );
    };
    const { request } = undici;
    await attempt('get', () => request(`${url}/items?a=1`, { headers: ['X-Own', '1', 'X-Own', '2'] }));
    await attempt('query', () => request(`${url}/items`, { query: { a: 1, b: [2, 3] } }));
    await attempt('post', () => request(`${url}/items`, { method: 'POST', body: JSON.stringify({ a: 1 }) }));
    await attempt('trailers', () => request(`${url}/trailers`));
    await attempt('500', () => request(`${url}/status/500`));
    await attempt('throws 500', () => request(`${url}/status/500`, { throwOnError: version === '6' }));
    await attempt('cut', () => request(`${url}/cut`));
    await attempt('cut body', () => request(`${url}/cut/body`));
    await attempt('garbage', () => request(`${url}/garbage`));
    await attempt('headers time-out', () =>
      request(`${url}/hangs`, { headersTimeout: 1_000, signal: AbortSignal.timeout(100) }),
    );
    await attempt('aborted', () =>
      request(`${url}/hangs`, { signal: AbortSignal.abort(new RangeError('own')) }),
    );
    await attempt('refused', () => request('http://127.0.0.1:65533/'));
    await attempt('invalid', () => request(`${url}/items`, { headers: { 'a b': '1' } }));
    const client = new undici.Client(url, { pipelining: 3 });
    const order = await Promise.all(
      ['/items', '/empty', '/status/201'].map((path) =>
        client.request({ path, method: 'GET' }).then(async ({ statusCode, body }) => {
          await body.dump();
          return statusCode;
        }),
      ),
    );
    observe(`${version}: pipelined`, order);
    observe(`${version}: client`, shapeOf(client));
    await client.close();
    observe(
      `${version}: closed`,
      await client.request({ path: '/', method: 'GET' }).catch((error) => errorOf(error)),
    );
    const pool = new undici.Pool(url, { connections: 2 });
    let streamed = '';
    await pool.stream(
      {
        path: '/items',
        method: 'GET',
        opaque: {
          sink: new Writable({
            write: (chunk, _encoding, done) => {
              streamed += chunk;
              done();
            },
          }),
        },
      },
      ({ opaque }) => opaque.sink,
    );
    observe(`${version}: streamed`, streamed);
    const events = [];
    await new Promise((resolve) => {
      pool.dispatch(
        { path: '/items', method: 'POST', body: 'x' },
        {
          onConnect: () => events.push('connect'),
          onHeaders: (status) => {
            events.push(`headers ${status}`);
            return true;
          },
          onData: (chunk) => {
            events.push(`data ${chunk.length}`);
            return true;
          },
          onComplete: () => {
            events.push('complete');
            return resolve();
          },
          onError: (error) => {
            events.push(errorOf(error));
            return resolve();
          },
        },
      );
    });
    observe(`${version}: dispatched`, events);
    await pool.destroy();
    await undici.getGlobalDispatcher().close();
    undici.setGlobalDispatcher(new undici.Agent());
  }
}
