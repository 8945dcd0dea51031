// node:cluster: two workers that share a port, one that dies and is forked again, and an end by disconnect().
import cluster from 'node:cluster';
import { createServer } from 'node:http';

export const ends = true;

export async function service({ instrument, isInstrumented, event, observe }) {
  if (cluster.isPrimary) return primary({ event, observe, isInstrumented });
  const server = createServer((req, res) => {
    if (req.url === '/die')
      return void res.writeHead(200, { Connection: 'close' }).end('dies', () => process.exit(9));
    res.writeHead(200, { Connection: 'close' }).end('by a worker');
  });
  await instrument(server);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.send({ port: server.address().port });
}

async function primary({ event, observe }) {
  cluster.setupPrimary({ serialization: 'json', stdio: ['ignore', 'inherit', 'inherit', 'ignore', 'ipc'] });
  const started = () =>
    new Promise((resolve) => {
      const worker = cluster.fork();
      worker.on('message', ({ port }) => port && resolve({ worker, port }));
    });
  const one = await started();
  const two = await started();
  observe('share', one.port === two.port);
  const ask = async (path) => {
    try {
      const response = await fetch(`http://127.0.0.1:${one.port}${path}`);
      return await response.text();
    } catch (error) {
      return error.cause?.code ?? error.message;
    }
  };
  observe('answers', [await ask('/'), await ask('/')]);
  const died = new Promise((resolve) =>
    cluster.once('exit', (_worker, code, signal) => resolve([code, signal])),
  );
  observe('dying', await ask('/die'));
  observe('died', await died);
  await started();
  observe('again', [await ask('/'), await ask('/')]);
  cluster.on('disconnect', () => event('disconnected'));
  cluster.on('exit', (_worker, code, signal) => event(`worker exit ${code} ${signal}`));
  await new Promise((resolve) => cluster.disconnect(resolve));
  event('all disconnected');
}
