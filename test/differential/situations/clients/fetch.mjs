// The global fetch: answers, bodies, redirects, aborts in every shape, broken answers, and the errors of each.
import { misbehave as upstream } from '../../fixtures/upstream.mjs';

export { upstream };
export const ends = true;

const takenBefore = globalThis.fetch;

export async function service({ instrument, upstream: url, observe, errorOf, shapeOf, handles }) {
  await instrument();
  const shown = async (response) => ({
    status: response.status,
    type: response.type,
    url: response.url,
    redirected: response.redirected,
    headers: [...response.headers].filter(([name]) => name !== 'date'),
    body: await response.text(),
  });
  const attempt = async (name, call) =>
    observe(
      name,
      await call()
        .then(shown)
        .catch((error) => errorOf(error)),
    );
  observe('shape', [
    fetch.name,
    fetch.length,
    String(fetch).includes('[native code]'),
    Object.keys(fetch),
    Object.getOwnPropertyDescriptor(globalThis, 'fetch').enumerable,
  ]);
  await attempt('get', () => fetch(`${url}/items?a=1`, { headers: { 'X-Own': '1' } }));
  await attempt('Request', () => fetch(new Request(`${url}/items`, { method: 'PUT', body: 'text' })));
  await attempt('URL', () => fetch(new URL('/items', url)));
  await attempt('post', () =>
    fetch(`${url}/items`, { method: 'POST', body: new URLSearchParams({ a: '1' }) }),
  );
  await attempt('stream', () =>
    fetch(`${url}/items`, { method: 'POST', duplex: 'half', body: new Blob(['a', 'b']).stream() }),
  );
  await attempt('redirect', () => fetch(`${url}/redirect`));
  await attempt('redirect post', () => fetch(`${url}/redirect/post`, { method: 'POST', body: 'again' }));
  await attempt('redirect manual', () => fetch(`${url}/redirect`, { redirect: 'manual' }));
  await attempt('redirect error', () => fetch(`${url}/redirect`, { redirect: 'error' }));
  for (const status of [404, 429, 500, 503])
    await attempt(String(status), () => fetch(`${url}/status/${status}`));
  for (const path of ['/empty', '/large', '/cut', '/cut/body', '/garbage'])
    await attempt(path, () => fetch(`${url}${path}`));
  await attempt('before', () => takenBefore(`${url}/items`));
  await attempt('invalid URL', () => fetch('nonsense'));
  await attempt('invalid header', () => fetch(url, { headers: { 'a b': '1' } }));
  await attempt('GET with body', () => fetch(url, { body: 'x' }));
  await attempt('refused', () => fetch('http://127.0.0.1:65533/'));
  await attempt('time-out', () => fetch(`${url}/hangs`, { signal: AbortSignal.timeout(300) }));
  await attempt('already aborted', () => fetch(url, { signal: AbortSignal.abort() }));
  await attempt('abort text', () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort('a text'), 200);
    return fetch(`${url}/hangs`, { signal: controller.signal });
  });
  await attempt('abort in body', () => fetch(`${url}/hangs/body`, { signal: AbortSignal.timeout(300) }));
  const response = await fetch(`${url}/items`);
  observe('response', shapeOf(response));
  await response.body.cancel();
  // undici connects anew behind a body that was cancelled: sooner or later.
  observe(
    'handles',
    handles().filter((name) => name !== 'TCPSocketWrap' && name !== 'ConnectWrap'),
  );
}

export const mask = [[/"keep-alive","timeout=\d+"/g, '"keep-alive","timeout"']];
