const Sentry = require('@sentry/node');

Sentry.init({ dsn: process.env.BENCH_SENTRY_DSN, tracesSampleRate: 1 });

exports.attach = () => undefined;
exports.attached = (app, name) => {
  if (name === 'express' || name === 'service') Sentry.setupExpressErrorHandler(app);
};
