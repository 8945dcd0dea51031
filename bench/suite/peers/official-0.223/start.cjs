require('../../official.cjs').startOfficial(require);

exports.attach = () => undefined;
