// got: JSON, retries, hooks, streams, pagination, time-outs and cancelling, with the events of its requests.
import { text } from 'node:stream/consumers';
import { misbehave as upstream } from '../../fixtures/upstream.mjs';

export { upstream };
export const ends = true;

export async function service({ instrument, upstream: url, observe, errorOf, event }) {
  const { default: got } = await import('got');
  await instrument();
  const client = got.extend({
    prefixUrl: url,
    retry: { limit: 1, calculateDelay: ({ computedValue }) => (computedValue === 0 ? 0 : 1) },
    hooks: {
      beforeRequest: [(options) => event(`before ${options.url.pathname} ${Object.keys(options.headers)}`)],
      beforeRetry: [(error, count) => event(`retry ${count} ${error.code}`)],
    },
  });
  const attempt = async (name, call) => {
    const shown = ({ statusCode, body, retryCount, isFromCache, redirectUrls }) => ({
      statusCode,
      body: body.length,
      retryCount,
      isFromCache,
      redirects: redirectUrls.map(String),
    });
    const failed = (error) => ({
      ...errorOf(error),
      keys: undefined,
      status: error.response?.statusCode,
      isGot: error.options !== undefined,
    });
    observe(name, await call().then(shown, failed));
  };
  await attempt('get', () => client('items'));
  await attempt('post', () => client.post('items', { json: { a: 1 } }));
  await attempt('404', () => client('status/404'));
  await attempt('503', () => client('status/503'));
  await attempt('redirect', () => client('redirect'));
  await attempt('cut', () => client('cut'));
  await attempt('time-out', () => client('hangs', { timeout: { request: 400 }, retry: { limit: 0 } }));
  await attempt('cancelled', () =>
    client('hangs', { signal: AbortSignal.timeout(300), retry: { limit: 0 } }),
  );
  await attempt('refused', () => got('http://127.0.0.1:65533/', { retry: { limit: 0 } }));
  observe('stream', (await text(client.stream('large'))).length);
  observe('json', await client('items').json());
}
