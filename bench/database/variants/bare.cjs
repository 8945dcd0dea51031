exports.flush = async () => {};
exports.hand = () => {};
exports.within = (run) => run();
