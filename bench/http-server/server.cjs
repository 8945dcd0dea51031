// One server process. run.mjs passes the variant's file, which --require has loaded already, as the only argument.
const { attach, flush } = require(process.argv[2]);
const { createApp } = require('./app.cjs');

const app = createApp();
attach(app);
const server = app.listen(0, '127.0.0.1');

const commands = {
  listening: () =>
    new Promise((resolve) => {
      if (server.listening) resolve(server.address().port);
      else server.once('listening', () => resolve(server.address().port));
    }),
  flush,
  cpuMicros: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
};

process.on('message', async ({ id, command }) => {
  process.send({ id, value: await commands[command]() });
});
process.on('disconnect', () => process.exit());
