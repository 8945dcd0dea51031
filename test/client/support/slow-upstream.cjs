// An upstream in a process of its own, so that it goes on while the test's process stands still. It tells its parent when so many
// requests have come as the path says, `/after/40`, and answers them all a little later; `/hang/40` never; `/reset/1` gets the head of
// an answer and a reset right behind it.

const { createServer } = require('node:http');

let waiting = [];
const server = createServer((req, res) => {
  const [, how, count] = req.url.split('/');
  waiting.push(res);
  if (waiting.length < Number(count)) return;
  const all = waiting;
  waiting = [];
  process.send('all there');
  if (how === 'reset')
    for (const one of all)
      one.writeHead(200, { 'content-length': '9' }).write('half', () => one.socket.resetAndDestroy());
  if (how === 'after') setTimeout(() => all.forEach((one) => void one.end('in time')), 50);
});
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('disconnect', () => process.exit());
