// undici's RetryAgent, ProxyAgent, MockAgent, EnvHttpProxyAgent-like composition and interceptors.
import { createServer, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { misbehave as upstream } from '../../fixtures/upstream.mjs';

export { upstream };
export const ends = true;

export async function service({ instrument, upstream: url, observe, errorOf, event }) {
  const {
    Agent,
    MockAgent,
    ProxyAgent,
    RetryAgent,
    interceptors,
    request,
    fetch: undiciFetch,
  } = await import('undici');
  await instrument();
  const attempt = async (name, call) => {
    const shown = async ({ statusCode, body }) => ({ statusCode, body: (await body.text()).slice(0, 99) });
    observe(
      name,
      await call()
        .then(shown)
        .catch((error) => errorOf(error)),
    );
  };
  const retrying = new RetryAgent(new Agent(), { maxRetries: 2, minTimeout: 1, timeoutFactor: 1 });
  await attempt('retried', () => request(`${url}/status/503`, { dispatcher: retrying }));
  await attempt('retried cut', () => request(`${url}/cut`, { dispatcher: retrying }));
  const composed = new Agent().compose(
    interceptors.redirect({ maxRedirections: 2 }),
    interceptors.responseError(),
    (dispatch) => (options, handler) => {
      event(`dispatch ${options.path} ${Object.keys(options.headers ?? {})}`);
      return dispatch(options, handler);
    },
  );
  await attempt('redirected', () => request(`${url}/redirect`, { dispatcher: composed }));
  await attempt('made an error', () => request(`${url}/status/404`, { dispatcher: composed }));
  const mock = new MockAgent();
  mock.disableNetConnect();
  mock
    .get('http://mocked')
    .intercept({
      path: '/a',
      method: 'POST',
      headers: (headers) => {
        event(`mocked ${Object.keys(headers)}`);
        return true;
      },
    })
    .reply(201, { mocked: true });
  await attempt('mocked', () => request('http://mocked/a', { dispatcher: mock, method: 'POST', body: '{}' }));
  await attempt('not mocked', () => request('http://mocked/b', { dispatcher: mock }));
  mock.assertNoPendingInterceptors();
  const proxied = [];
  const proxy = createServer((req, res) => {
    proxied.push(`${req.method} ${req.url}`);
    req.pipe(
      httpRequest(req.url, { method: req.method, headers: req.headers }, (answer) => {
        res.writeHead(answer.statusCode, answer.rawHeaders);
        answer.pipe(res);
      }),
    );
  });
  proxy.on('connect', (req, socket) => {
    proxied.push(`${req.method} ${Object.keys(req.headers)}`);
    if (req.url.startsWith('refused'))
      return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const onward = connect(Number(new URL(`http://${req.url}`).port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [socket, onward]) end.on('error', () => {});
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const agent = new ProxyAgent({ uri: `http://127.0.0.1:${proxy.address().port}`, proxyTunnel: true });
  await attempt('proxied', () => request(`${url}/items`, { dispatcher: agent }));
  await attempt('refused by the proxy', () => request('http://refused/', { dispatcher: agent }));
  observe(
    'fetched',
    await undiciFetch(`${url}/items`, { dispatcher: agent }).then((response) => response.json(), errorOf),
  );
  observe('proxied requests', proxied);
  await Promise.all([agent.destroy(), composed.destroy(), retrying.destroy(), mock.close()]);
  proxy.closeAllConnections();
  proxy.close();
}
