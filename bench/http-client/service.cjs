// One service: it answers `/plain/:id` by itself and `/calls/:id` with what its upstream says. run.mjs passes the variant's file, which
// --require has loaded already, the client to call with and the upstream.
const http = require('node:http');
const { answerCommands } = require('../http-server/commands.cjs');
const [, , variant, client, upstream] = process.argv;
const { attach, flush } = require(variant);

const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });

const clients = {
  async fetch(url) {
    const response = await fetch(url);
    return response.json();
  },
  http: (url) =>
    new Promise((resolve, reject) => {
      http
        .get(url, { agent }, (res) => {
          let text = '';
          res.setEncoding('utf8');
          res.on('data', (chunk) => {
            text += chunk;
          });
          res.on('end', () => resolve(JSON.parse(text)));
        })
        .on('error', reject);
    }),
};
const call = clients[client];

function answer(res, status, value) {
  const body = JSON.stringify(value);
  res
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    .end(body);
}

const server = http.createServer((req, res) => {
  if (!req.url.startsWith('/calls/')) {
    answer(res, 200, { id: req.url, status: 'open' });
    return;
  }
  call(`${upstream}/payments/7?channel=web`).then(
    ({ status }) => answer(res, 200, { id: req.url, status }),
    (error) => answer(res, 502, { error: String(error) }),
  );
});
attach(server);
server.listen(0, '127.0.0.1');
answerCommands(server, flush);
