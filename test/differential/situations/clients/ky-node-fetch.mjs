// ky and node-fetch: retries, hooks, time-outs, errors, streams.
import { misbehave as upstream } from '../../fixtures/upstream.mjs';

export { upstream };
export const ends = true;

export async function service({ instrument, upstream: url, observe, errorOf, event }) {
  const { default: ky } = await import('ky');
  const { default: nodeFetch, AbortError } = await import('node-fetch');
  await instrument();
  const client = ky.create({
    prefixUrl: url,
    retry: { limit: 1, delay: () => 1 },
    hooks: {
      beforeRequest: [
        (request) => event(`before ${new URL(request.url).pathname} ${[...request.headers.keys()]}`),
      ],
      afterResponse: [(_request, _options, response) => event(`after ${response.status}`)],
    },
  });
  const attempt = async (name, call) => {
    const shown = async (response) => ({
      status: response.status,
      ok: response.ok,
      body: (await response.text()).length,
    });
    const failed = (error) => ({
      ...errorOf(error),
      keys: undefined,
      status: error.response?.status,
      aborted: error instanceof AbortError,
    });
    observe(name, await call().then(shown).catch(failed));
  };
  await attempt('ky get', () => client('items', { searchParams: { a: 1 } }));
  await attempt('ky post', () => client.post('items', { json: { a: 1 } }));
  await attempt('ky 404', () => client('status/404'));
  await attempt('ky 503', () => client('status/503'));
  await attempt('ky cut', () => client('cut'));
  await attempt('ky time-out', () => client('hangs', { timeout: 400 }));
  await attempt('ky aborted', () => client('hangs', { signal: AbortSignal.timeout(400) }));
  await attempt('get', () => nodeFetch(`${url}/items`));
  await attempt('post', () =>
    nodeFetch(`${url}/items`, { method: 'POST', body: new URLSearchParams({ a: '1' }) }),
  );
  await attempt('redirect', () => nodeFetch(`${url}/redirect`));
  await attempt('500', () => nodeFetch(`${url}/status/500`));
  await attempt('cut', () => nodeFetch(`${url}/cut`));
  await attempt('cut body', () => nodeFetch(`${url}/cut/body`));
  await attempt('aborted', () => nodeFetch(`${url}/hangs`, { signal: AbortSignal.timeout(300) }));
  await attempt('refused', () => nodeFetch('http://127.0.0.1:65533/'));
}
