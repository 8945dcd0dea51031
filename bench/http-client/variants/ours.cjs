const { instrument } = require(process.env.BENCH_OURS);

const signals = instrument();

exports.flush = () => signals.flush();
