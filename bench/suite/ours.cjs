// golden-signals, with the options of a variant.
const { instrument } = require(process.env.BENCH_OURS);

exports.attach = (app) => {
  instrument(app, JSON.parse(process.env.BENCH_OPTIONS));
};
