// One small function per client: makes a request, reads the whole body, and resolves with { status, body } whatever the status is.
// `load` is require or import, and `pick` takes the functions out of what it gives: before or after instrument(), as a case wants it.

const { Writable } = require('node:stream');

const textOf = async (stream) => {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
};

const ofFetch =
  (more = () => ({})) =>
  async ({ fetch }, { url, method, signal, origin }) => {
    const response = await fetch(url, { method, signal, ...more(origin) });
    return { status: response.status, body: await response.text() };
  };

const ofNodeRequest =
  (options = () => ({})) =>
  ({ request, Agent }, { url, method, signal }) =>
    new Promise((resolve, reject) => {
      const req = request(url, { method, signal, ...options({ Agent, url }) }, (res) => {
        textOf(res).then((body) => resolve({ status: res.statusCode, body }), reject);
      });
      req.on('error', reject);
      req.end();
    });

const undiciRequest =
  (dispatcherOf = () => undefined) =>
  async (undici, { url, method, signal, origin }) => {
    const dispatcher = dispatcherOf(undici, origin);
    const { statusCode, body } = await undici.request(url, {
      method,
      signal,
      ...(dispatcher && { dispatcher }),
    });
    return { status: statusCode, body: await body.text() };
  };

/** One dispatcher for each origin, as a program has. */
const kept = (create) => {
  const byOrigin = new Map();
  return (undici, origin) => {
    if (!byOrigin.has(origin)) byOrigin.set(origin, create(undici, origin));
    return byOrigin.get(origin);
  };
};

const undiciStream = async ({ stream }, { url, method, signal }) => {
  let status;
  let body = '';
  await stream(url, { method, signal }, ({ statusCode }) => {
    status = statusCode;
    return new Writable({
      write(chunk, _encoding, done) {
        body += chunk;
        done();
      },
    });
  });
  return { status, body };
};

const undiciPipeline = async ({ pipeline }, { url, method, signal }) => {
  let status;
  const duplex = pipeline(url, { method, signal }, ({ statusCode, body }) => {
    status = statusCode;
    return body;
  });
  duplex.end();
  const body = await textOf(duplex);
  return { status, body };
};

const undici = (name) => ({
  [`${name} request`]: { module: name, pick: ({ request }) => ({ request }), call: undiciRequest() },
  [`${name} stream`]: { module: name, pick: ({ stream }) => ({ stream }), call: undiciStream },
  [`${name} pipeline`]: { module: name, pick: ({ pipeline }) => ({ pipeline }), call: undiciPipeline },
  [`${name} fetch`]: { module: name, pick: ({ fetch }) => ({ fetch }), call: ofFetch() },
  [`${name} Agent`]: {
    module: name,
    pick: ({ request, Agent }) => ({ request, Agent }),
    call: undiciRequest(kept(({ Agent }) => new Agent())),
  },
  [`${name} Pool`]: {
    module: name,
    pick: ({ Pool }) => ({ Pool }),
    call: ofPool(({ Pool }, origin) => new Pool(origin, { connections: 2 })),
  },
  [`${name} Client`]: {
    module: name,
    pick: ({ Client }) => ({ Client }),
    call: ofPool(({ Client }, origin) => new Client(origin)),
  },
});

function ofPool(create) {
  const poolOf = kept(create);
  return async (fns, { url, method, signal, origin }) => {
    const { pathname, search } = new URL(url);
    const { statusCode, body } = await poolOf(fns, origin).request({
      path: pathname + search,
      method,
      signal,
    });
    return { status: statusCode, body: await body.text() };
  };
}

exports.adapters = {
  fetch: { module: undefined, pick: ({ fetch }) => ({ fetch }), call: ofFetch() },
  'http.request': {
    module: 'node:http',
    pick: ({ request }) => ({ request }),
    call: ofNodeRequest(),
  },
  'http.get': { module: 'node:http', pick: ({ get }) => ({ request: get }), call: ofNodeRequest() },
  'http.request, agent: false': {
    module: 'node:http',
    pick: ({ request }) => ({ request }),
    call: ofNodeRequest(() => ({ agent: false })),
  },
  'http.request, own agent': {
    module: 'node:http',
    pick: ({ request, Agent }) => ({ request, Agent }),
    call: ofNodeRequest(
      (
        (agent) =>
        ({ Agent }) => {
          agent ??= new Agent({ keepAlive: true, maxSockets: 4 });
          return { agent };
        }
      )(),
    ),
  },
  'http.request, array headers': {
    module: 'node:http',
    pick: ({ request }) => ({ request }),
    call: ofNodeRequest(({ url }) => ({ headers: ['Host', new URL(url).host, 'X-One', '1'] })),
  },
  axios: {
    module: 'axios',
    pick: (ns) => ns.default ?? ns,
    async call(axios, { url, method, signal }) {
      const response = await axios.request({
        url,
        method,
        signal,
        validateStatus: () => true,
        responseType: 'text',
        proxy: false,
      });
      return { status: response.status, body: response.data };
    },
  },
  'axios fetch': {
    module: 'axios',
    pick: (ns) => ns.default ?? ns,
    async call(axios, { url, method, signal }) {
      const options = {
        url,
        method,
        signal,
        validateStatus: () => true,
        responseType: 'text',
        adapter: 'fetch',
      };
      const response = await axios.request(options);
      return { status: response.status, body: response.data };
    },
  },
  got: {
    module: 'got',
    pick: ({ got }) => got,
    async call(got, { url, method, signal }) {
      const response = await got(url, { method, signal, throwHttpErrors: false, retry: { limit: 0 } });
      return { status: response.statusCode, body: response.body };
    },
  },
  ky: {
    module: 'ky',
    pick: (ns) => ns.default,
    async call(ky, { url, method, signal }) {
      const response = await ky(url, { method, signal, throwHttpErrors: false, retry: 0, timeout: false });
      return { status: response.status, body: await response.text() };
    },
  },
  'node-fetch': { module: 'node-fetch', pick: (ns) => ({ fetch: ns.default }), call: ofFetch() },
  superagent: {
    module: 'superagent',
    pick: (ns) => ns.default ?? ns,
    call: (superagent, { url, method, signal }) =>
      new Promise((resolve, reject) => {
        const req = superagent(method, url)
          .ok(() => true)
          .buffer(true)
          .parse((res, done) => textOf(res).then((text) => done(null, text), done));
        // It has no signal of its own.
        signal?.addEventListener('abort', () => {
          req.abort();
          reject(signal.reason);
        });
        req.then(({ status, body }) => resolve({ status, body }), reject);
      }),
  },
  ...undici('undici6'),
  ...undici('undici7'),
  ...undici('undici8'),
};
