// The upstream of the comparison: answers at once, keeps connections, speaks of nothing.
import { createServer } from 'node:http';

const body = JSON.stringify({ id: 'p-1', status: 'charged', totalCents: 4_250 });
const server = createServer((req, res) => {
  req.resume();
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1');

const commands = {
  listening: () =>
    new Promise((resolve) =>
      server.listening
        ? resolve(server.address().port)
        : server.once('listening', () => resolve(server.address().port)),
    ),
};

process.on('message', async ({ id, command }) => {
  process.send({ id, value: await commands[command]() });
});
process.on('disconnect', () => process.exit());
