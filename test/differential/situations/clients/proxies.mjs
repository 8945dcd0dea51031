// https-proxy-agent and agentkeepalive under http.request and axios.
import http from 'node:http';
import { connect } from 'node:net';
import { misbehave as upstream } from '../../fixtures/upstream.mjs';

export { upstream };
export const ends = true;

export async function service({ instrument, upstream: url, observe, errorOf }) {
  const { default: axios } = await import('axios');
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  const { HttpAgent } = (await import('agentkeepalive')).default;
  await instrument();
  const seen = [];
  const proxy = http.createServer();
  proxy.on('connect', (req, socket) => {
    seen.push(`CONNECT ${Object.keys(req.headers)}`);
    if (req.url.includes('blocked'))
      return void socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    const onward = connect(Number(new URL(`http://${req.url}`).port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [socket, onward]) end.on('error', () => {});
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const tunnel = new HttpsProxyAgent(`http://127.0.0.1:${proxy.address().port}`);
  const shown = ({ status, data }) => ({ status, data });
  observe(
    'tunnel',
    await axios.get(`${url}/items`, { httpAgent: tunnel, proxy: false }).then(shown, errorOf),
  );
  observe(
    'blocked',
    await axios.get('http://blocked/', { httpAgent: tunnel, proxy: false }).then(shown, errorOf),
  );
  const keeping = new HttpAgent({ maxSockets: 1, freeSocketTimeout: 4_000 });
  for (const nth of [1, 2, 3]) {
    observe(`kept ${nth}`, await axios.get(`${url}/items`, { httpAgent: keeping }).then(shown, errorOf));
  }
  observe('agent', keeping.getCurrentStatus());
  observe('seen', seen);
  keeping.destroy();
  proxy.closeAllConnections();
  proxy.close();
}

export const mask = [[/"127\.0\.0\.1:<upstream>:[^"]*"/g, '"name"']];
