const { instrument } = require(process.env.BENCH_OURS);

const signals = instrument();

exports.flush = () => signals.flush();
exports.hand = (pool) => signals.pool('orders', pool);
exports.within = (run) =>
  signals.tracer.startActiveSpan('run', async (span) => {
    await run();
    span.end();
  });
