/** What the parent of a measured server may ask it, over IPC: its port, a flush, its CPU time so far. */
exports.answerCommands = function answerCommands(server, flush) {
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
    process.send({ id, value: (await commands[command]()) ?? null });
  });
  process.on('disconnect', () => process.exit());
};
