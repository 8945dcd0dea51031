// A worker thread that calls, throws and ends, beside a main thread that serves; its exit code and messages.
import { Worker } from 'node:worker_threads';

export const ends = true;

export const upstream = (_req, res) => void res.writeHead(200, { Connection: 'close' }).end('called');

const text = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { createRequire } = require('node:module');
  (async () => {
    if (workerData.isInstrumented) createRequire(workerData.from)('golden-signals').instrument();
    parentPort.postMessage(await (await fetch(workerData.url)).text());
    if (workerData.ending === 'throws') setImmediate(() => { throw new RangeError('in the worker'); });
    if (workerData.ending === 'exits') process.exit(7);
  })();
`;

export async function service({ instrument, isInstrumented, upstream: url, observe, errorOf }) {
  await instrument();
  for (const ending of ['returns', 'throws', 'exits']) {
    const worker = new Worker(text, {
      eval: true,
      workerData: { url, ending, isInstrumented, from: import.meta.filename },
    });
    const events = [];
    worker.on('message', (message) => events.push(message));
    worker.on('error', (error) => events.push(errorOf(error)));
    await new Promise((resolve) =>
      worker.on('exit', (code) => {
        events.push(`exit ${code}`);
        return resolve();
      }),
    );
    observe(ending, events);
  }
}
