// A forked service that speaks to its parent and ends when the parent disconnects.
import { fork } from 'node:child_process';
import { createServer } from 'node:http';

export const ends = true;

export async function service({ instrument, event, observe }) {
  if (process.send === undefined) {
    const child = fork(process.argv[1], process.argv.slice(2), {
      stdio: ['ignore', 'inherit', 'inherit', 'ignore', 'ipc'],
    });
    child.on('message', (message) => {
      event(`message ${JSON.stringify(message)}`);
      if (message.ready) child.send({ ask: 1 });
      if (message.answer) child.disconnect();
    });
    const [code, signal] = await new Promise((resolve) => child.on('exit', (...how) => resolve(how)));
    observe('ended', { code, signal });
    return;
  }
  const server = createServer((_req, res) => res.end());
  await instrument(server);
  process.on('message', ({ ask }) => process.send({ answer: ask + 1 }));
  process.on('disconnect', () => server.close());
  server.listen(0, '127.0.0.1', () => process.send({ ready: true, connected: process.connected }));
}
