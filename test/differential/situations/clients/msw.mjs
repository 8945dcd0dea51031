// msw's server: handlers for fetch and http, passthrough, network errors, what is listened for, restored afterwards.
import { misbehave as upstream } from '../../fixtures/upstream.mjs';

export { upstream };
export const ends = true;

export async function service({ instrument, upstream: url, observe, errorOf, event }) {
  const { setupServer } = await import('msw/node');
  const { http, HttpResponse, passthrough } = await import('msw');
  const { default: axios } = await import('axios');
  const server = setupServer(
    http.get('http://shop.example/items', ({ request }) =>
      HttpResponse.json({
        asked: [...request.headers.keys()].filter((name) => !/^trace|^baggage/.test(name)),
      }),
    ),
    http.post('http://shop.example/items', async ({ request }) =>
      HttpResponse.text(await request.text(), { status: 201 }),
    ),
    http.get('http://shop.example/error', () => HttpResponse.error()),
    http.get(`${url}/items`, () => passthrough()),
  );
  server.listen({ onUnhandledRequest: 'bypass' });
  await instrument();
  for (const name of ['request:start', 'request:match', 'response:mocked', 'response:bypass'])
    server.events.on(name, ({ request }) =>
      event(`${name} ${request.method} ${new URL(request.url).pathname}`),
    );
  const shown = ({ status, data }) => ({ status, data });
  for (const [name, call] of Object.entries({
    axios: (path, options) => axios({ url: path, ...options }).then(shown),
    fetch: async (path, { method = 'GET', data } = {}) => {
      const response = await fetch(path, { method, body: data });
      return { status: response.status, data: await response.text() };
    },
  })) {
    observe(`${name} get`, await call('http://shop.example/items').catch(errorOf));
    observe(
      `${name} post`,
      await call('http://shop.example/items', { method: 'POST', data: 'body' }).catch(errorOf),
    );
    observe(`${name} error`, await call('http://shop.example/error').catch(errorOf));
    observe(`${name} passthrough`, await call(`${url}/items`).catch(errorOf));
    observe(`${name} bypass`, await call(`${url}/status/404`).catch(errorOf));
  }
  server.close();
  observe('after', await fetch(`${url}/items`).then((response) => response.status, errorOf));
}
