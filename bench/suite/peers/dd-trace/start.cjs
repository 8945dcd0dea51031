require('dd-trace').init();

exports.attach = () => undefined;
