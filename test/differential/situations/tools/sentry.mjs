// @sentry/node, started before the app, beside us: what it sends along, its error handler, and what the app answers.
import { misbehave as upstream } from '../../fixtures/upstream.mjs';

export { upstream };

export async function service({ instrument, listen, upstream: url, event, errorOf, observe }) {
  const Sentry = await import('@sentry/node');
  Sentry.init({
    dsn: 'http://key@127.0.0.1:1/1',
    tracesSampleRate: 1,
    tracePropagationTargets: [/127/],
    transport: () => ({ send: async () => ({}), flush: async () => true }),
  });
  const { default: express } = await import('express');
  const app = express();
  await instrument(app);
  app.get('/calls', async (_req, res) => {
    const response = await fetch(`${url}/items`);
    res.json({ status: response.status, body: await response.json() });
  });
  app.get('/throws', () => {
    throw new Error('captured');
  });
  Sentry.setupExpressErrorHandler(app);
  app.use((error, _req, res, _next) => {
    event(`error ${error.message} ${res.sentry !== undefined}`);
    observe('error', errorOf(error));
    res.status(500).send('failed');
  });
  await listen(app);
}

export async function drive({ client, observe }) {
  observe('calls', await client.request({ path: '/calls' }));
  observe('throws', await client.request({ path: '/throws' }));
}

// Ids and times of its own.
export const mask = [
  [/sentry-trace: [\w-]+/gi, 'sentry-trace: <id>'],
  [/traceparent: [\w-]+/gi, 'traceparent: <id>'],
  [
    /(baggage: )[^"]*/gi,
    (line, name) =>
      name +
      line
        .slice(name.length)
        .split(',')
        .map((pair) => pair.split('=')[0])
        .sort()
        .join(),
  ],
];
