// The process under measurement: an application by its name, with what a variant adds to it.
const { Session } = require('node:inspector');
const { attach, attached } = require(process.env.BENCH_START);
const name = process.env.BENCH_APP;
const { createApp } = require(`./apps/${name}.cjs`);

const listening = (async () => {
  const { app, routes, listen } = await createApp({
    databaseUrl: process.env.BENCH_DATABASE_URL,
    upstreamUrl: process.env.BENCH_UPSTREAM_URL,
  });
  attach(app, name);
  routes?.();
  attached?.(app, name);
  const port = await new Promise((resolve) => listen(resolve));
  // Counted from the start of the process.
  return { port, startMs: performance.now() };
})();

let highestRss = 0;
const watchRss = setInterval(() => {
  highestRss = Math.max(highestRss, process.memoryUsage.rss());
}, 100);
watchRss.unref();

let session;
const post = (method, parameters) =>
  new Promise((resolve, reject) =>
    session.post(method, parameters, (error, result) => (error ? reject(error) : resolve(result))),
  );
const bytesBelow = ({ selfSize, children }) =>
  children.reduce((sum, child) => sum + bytesBelow(child), selfSize);

const commands = {
  listening: () => listening,
  usage() {
    const { user, system } = process.cpuUsage();
    const highest = highestRss;
    highestRss = 0;
    return { cpuMicros: user + system, highestRss: highest };
  },
  async startAllocations() {
    session = new Session();
    session.connect();
    await post('HeapProfiler.enable');
    await post('HeapProfiler.startSampling', {
      samplingInterval: 16_384,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    return true;
  },
  async stopAllocations() {
    const { profile } = await post('HeapProfiler.stopSampling');
    session.disconnect();
    return bytesBelow(profile.head);
  },
  heapUsed() {
    for (let i = 0; i < 5; i++) globalThis.gc();
    return process.memoryUsage().heapUsed;
  },
};

process.on('message', async ({ id, command }) => {
  process.send({ id, value: await commands[command]() });
});
process.on('disconnect', () => process.exit());
