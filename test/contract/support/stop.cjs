// Preloaded beside the register module: stops the application on a message, with all its telemetry sent.
process.once('message', async (index) => {
  await require(index).instrument().shutdown();
  process.exit();
});
