const { instrument } = require(process.env.BENCH_OURS);

let signals;

exports.attach = (server) => {
  signals = instrument(server);
};
exports.flush = () => signals.flush();
