exports.flush = async () => {};
