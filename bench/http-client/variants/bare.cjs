exports.attach = () => {};
exports.flush = async () => {};
