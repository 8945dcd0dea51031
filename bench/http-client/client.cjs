// One client process. run.mjs passes the variant's file, which --require has loaded already, as the only argument.
const http = require('node:http');
const { flush } = require(process.argv[2]);

const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });

const calls = {
  async fetch(url) {
    const response = await fetch(url);
    await response.text();
  },
  http: (url) =>
    new Promise((resolve, reject) => {
      http
        .get(url, { agent }, (res) => {
          res.on('data', () => {});
          res.on('end', resolve);
        })
        .on('error', reject);
    }),
};

/** Makes `count` calls, `concurrency` of them at a time, in a closed loop. */
async function run({ client, url, count, concurrency }) {
  const call = calls[client];
  let left = count;
  const loop = async () => {
    while (left-- > 0) await call(url);
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  return true;
}

const commands = {
  run,
  flush,
  cpuMicros: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
};

process.on('message', async ({ id, command, ...payload }) => {
  process.send({ id, value: (await commands[command](payload)) ?? null });
});
process.on('disconnect', () => process.exit());
