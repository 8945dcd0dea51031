const { startOfficial } = require('../official.cjs');

const { flush } = startOfficial();

exports.attach = () => {};
exports.flush = flush;
