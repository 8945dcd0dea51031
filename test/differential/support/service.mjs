// The process under test: node service.mjs <situation>. Whether it is instrumented, DIFFERENTIAL_MODE says; all else is the same.
import { writeFileSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { errorOf } from './errors.mjs';
import { shapeOf } from './shape.mjs';
import { tell } from './tell.mjs';

const mode = process.env.DIFFERENTIAL_MODE;
const isInstrumented = mode === 'instrumented';
const events = [];
const require = createRequire(import.meta.url);

/** Proves to the driver that the library was asked for, also in a child of the process under test. */
function noteInstrumented() {
  writeFileSync(join(process.env.DIFFERENTIAL_FOLDER, 'instrumented'), '');
}

/** The one line of the library, in the instrumented run alone: resolves with the handle, or with undefined. */
async function instrument(...args) {
  if (!isInstrumented) return undefined;
  noteInstrumented();
  return (await import('golden-signals')).instrument(...args);
}

/** The same at once, as a CommonJS service has it. */
function instrumentNow(...args) {
  if (!isInstrumented) return undefined;
  noteInstrumented();
  return require('golden-signals').instrument(...args);
}

const context = {
  instrument,
  instrumentNow,
  isInstrumented,
  require,
  tell,
  noteInstrumented,
  shapeOf,
  errorOf,
  syncBuiltinESMExports,
  /** Where the upstream of the situation listens, if it has one. */
  upstream: process.env.DIFFERENTIAL_UPSTREAM,
  observe: (key, value) => tell('observe', { key, value }),
  /** Notes what happened, in order. */
  event: (text) => {
    events.push(text);
    tell('event', text);
  },
  /** The same for what fastify has begun to listen on by itself. */
  listenFastify: async (app) => {
    await app.listen({ port: 0, host: '127.0.0.1' });
    tell('listening', app.server.address().port);
  },
  /** Tells the driver of a server that listens already. */
  listens: (server) => tell('listening', server.address().port),
  /** What keeps the process alive at this moment, without the pipes of the harness and what ends within this turn of the loop. */
  handles: () =>
    process
      .getActiveResourcesInfo()
      .filter((name) => name !== 'Immediate' && name !== 'PipeWrap')
      .sort(),
  /** Listens on a free port and tells the driver which. */
  listen: (server) =>
    new Promise((resolve) => {
      const listening = server.listen(0, '127.0.0.1', () => {
        tell('listening', (listening ?? server).address().port);
        resolve(listening ?? server);
      });
    }),
};

// The driver is done: tells it when all that is under way has ended.
process.on('SIGUSR2', () => {
  const deadline = Date.now() + 2_000;
  const look = () => {
    const isBusy = process.getActiveResourcesInfo().includes('TCPSocketWrap');
    if (isBusy && Date.now() < deadline) setTimeout(look, 5);
    else setTimeout(() => tell('quiet'), 5);
  };
  look();
});

// A frame of the library is one more: what is compared is whether the user's own is there, not whether it is among the first ten.
Error.stackTraceLimit = 30;

const { service } = await import(pathToFileURL(process.argv[2]).href);
await service(context);
