const promBundle = require('express-prom-bundle');

exports.attach = (app, name) => {
  if (name !== 'express' && name !== 'service') return;
  app.use(
    promBundle({
      includeMethod: true,
      includePath: true,
      includeStatusCode: true,
      promClient: { collectDefaultMetrics: {} },
    }),
  );
};
