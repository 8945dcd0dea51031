// node:http's request and get: events in their order, shapes, errors, time-outs, aborts, early hints, 100-continue, agents.
import http from 'node:http';
import { misbehave as upstream } from '../../fixtures/upstream.mjs';

export { upstream };
export const ends = true;

const end = (req) => req.end();

const cases = {
  get: {},
  post: { options: { method: 'POST', headers: { 'Content-Length': 2 } }, act: (req) => req.end('ab') },
  chunked: {
    options: { method: 'POST' },
    act: (req) => {
      req.write('a');
      req.write('b');
      return req.end('c');
    },
  },
  list: { options: { headers: ['X-Own', '1', 'x-own', '2', 'Host', 'other'] } },
  'no agent': { options: { agent: false } },
  'own agent': { options: { agent: new http.Agent({ keepAlive: true, maxSockets: 1 }) } },
  continue: {
    options: { method: 'POST', headers: { Expect: '100-continue' } },
    act: (req) => {
      req.flushHeaders();
      return req.on('continue', () => req.end('expected'));
    },
  },
  hints: { path: '/hints' },
  trailers: { path: '/trailers' },
  'own trailers': {
    options: { method: 'POST', headers: { Trailer: 'X-Sum', 'Transfer-Encoding': 'chunked' } },
    act: (req) => {
      req.write('a');
      req.addTrailers({ 'X-Sum': '1' });
      return req.end();
    },
  },
  404: { path: '/status/404' },
  500: { path: '/status/500' },
  cut: { path: '/cut' },
  'cut body': { path: '/cut/body' },
  garbage: { path: '/garbage' },
  'time-out': {
    path: '/hangs',
    options: { timeout: 200 },
    act: (req) => {
      req.on('timeout', () => req.destroy());
      return req.end();
    },
  },
  'only noticed': {
    path: '/hangs',
    options: { timeout: 200 },
    act: (req) => {
      req.once('timeout', () => setTimeout(() => req.destroy(new Error('own reason')), 100));
      return req.end();
    },
  },
  'destroyed at once': { act: (req) => req.destroy() },
  'destroyed with a class': {
    path: '/hangs',
    act: (req) => {
      req.end();
      return setTimeout(() => req.destroy(new RangeError('own')), 200);
    },
  },
  signal: { path: '/hangs', options: { signal: AbortSignal.timeout(300) } },
  abort: {
    path: '/hangs',
    act: (req) => {
      req.end();
      return setTimeout(() => req.abort(), 200);
    },
  },
  refused: { target: 'http://127.0.0.1:65533/' },
};

export async function service({ instrument, upstream: url, observe, errorOf, shapeOf, handles }) {
  await instrument();
  for (const [name, { path = '/items', target = `${url}${path}`, options = {}, act = end }] of Object.entries(
    cases,
  )) {
    const events = [];
    const req = http.request(target, options);
    for (const event of ['socket', 'finish', 'information', 'continue', 'timeout', 'abort', 'close'])
      req.on(event, () => events.push(event));
    req.on('error', (error) => events.push(errorOf(error)));
    req.on('response', (res) => {
      if (name === 'get') observe('shape of a response', shapeOf(res));
      let body = '';
      events.push(`response ${res.statusCode} ${Object.keys(res.headers)}`);
      res.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      for (const event of ['aborted', 'end', 'close'])
        res.on(event, () => events.push(`response ${event} ${body.length}`, { ...res.trailers }));
      res.on('error', (error) => events.push(errorOf(error)));
    });
    if (name === 'get') observe('shape of a request', shapeOf(req));
    act(req);
    await new Promise((resolve) => req.on('close', () => setTimeout(resolve, 20)));
    observe(name, {
      events,
      headers: req.getRawHeaderNames(),
      path: req.path,
      destroyed: req.destroyed,
      reused: req.reusedSocket,
    });
    if (options.agent) options.agent.destroy();
  }
  const status = await new Promise((resolve) =>
    http.get(`${url}/items`, (res) => res.resume().on('end', () => resolve(res.statusCode))),
  );
  observe('get()', {
    status,
    names: [
      http.get.name,
      http.get.length,
      http.request.name,
      http.request.length,
      http.Agent.prototype.addRequest.length,
    ],
  });
  observe(
    'handles',
    handles().filter((name) => name !== 'TCPSocketWrap'),
  );
  http.globalAgent.destroy();
}
