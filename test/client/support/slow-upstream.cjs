// An upstream in a process of its own, so that it goes on while the test's process stands still. It tells its parent when as many
// requests of a round have come as the path says, `/after/40/round`, and when it has answered them all, a little later; `/hang/40/round`
// never is. `/reset/1/round` gets the head of an answer and a reset right behind it.

const { createServer } = require('node:http');

const epochMs = () => performance.timeOrigin + performance.now();
const rounds = new Map();
const server = createServer((req, res) => {
  const [, how, count, round] = req.url.split('/');
  const waiting = rounds.get(round) ?? [];
  rounds.set(round, waiting);
  waiting.push(res);
  if (waiting.length < Number(count)) return;
  rounds.delete(round);
  process.send({ round, what: 'there' });
  if (how === 'reset')
    for (const one of waiting)
      one.writeHead(200, { 'content-length': '9' }).write('half', () => one.socket.resetAndDestroy());
  if (how === 'after')
    setTimeout(() => {
      for (const one of waiting) one.end('in time');
      process.send({ round, what: 'answered', epochMs: epochMs() });
    }, 50);
});
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('disconnect', () => process.exit());
