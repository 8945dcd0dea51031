// A service of fastify in one line, whose routes have each been asked for once.
const http = require('node:http');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { ROUTES, routeOf } = require('../workload.cjs');

const fastify = createRequire(join(__dirname, '../../../package.json'))('fastify');
const { instrument } = require(process.env.BENCH_OURS);

exports.start = async () => {
  const app = fastify();
  instrument(app, { metrics: { prometheus: {} } });
  for (let index = 0; index < ROUTES; index++) app.get(routeOf(index), async () => 'ok');
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  for (let index = 0; index < ROUTES; index++) {
    await new Promise((resolve, reject) => {
      const path = routeOf(index).replace(':id', '7');
      http.get({ port, agent, path }, (res) => res.resume().on('end', resolve)).on('error', reject);
    });
  }
  agent.destroy();
  return port;
};
