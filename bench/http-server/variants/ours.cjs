const { instrument } = require(process.env.BENCH_OURS);

let signals;

exports.attach = (app) => {
  signals = instrument(app);
};
exports.flush = () => signals.flush();
