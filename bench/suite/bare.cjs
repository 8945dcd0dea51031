exports.attach = () => undefined;
