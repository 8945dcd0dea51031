// Responses without a socket: serverless-http, node-mocks-http, light-my-request, and a ServerResponse made by hand.
import { IncomingMessage, ServerResponse } from 'node:http';
import { Writable } from 'node:stream';

export const ends = true;

export async function service({ instrument, observe, event, shapeOf }) {
  const { default: express } = await import('express');
  const { default: serverless } = await import('serverless-http');
  const { default: mocks } = await import('node-mocks-http');
  const { default: inject } = await import('light-my-request');
  const app = express();
  await instrument(app);
  app.get('/orders/:id', (req, res) => res.status(203).set('X-Own', '1').json({ id: req.params.id }));
  app.get('/throws', () => {
    throw new Error('in a handler');
  });
  app.use((error, _req, res, _next) => res.status(500).send(error.message));
  const handler = serverless(app);
  const lambda = (path) =>
    handler({ httpMethod: 'GET', path, headers: { host: 'shop' }, requestContext: {} }, {});
  const shown = ({ statusCode, headers, body, payload }) => ({
    statusCode,
    headers: { ...headers, date: undefined },
    body,
    payload,
  });
  observe('lambda', shown(await lambda('/orders/7')));
  observe('lambda throws', shown(await lambda('/throws')));
  observe('lambda missing', shown(await lambda('/missing')));
  const { req, res } = mocks.createMocks({ method: 'GET', url: '/orders/8' });
  app.handle(req, res);
  observe('mock', {
    status: res._getStatusCode(),
    data: res._getData(),
    headers: res._getHeaders(),
    ended: res._isEndCalled(),
  });
  observe('mock shape', shapeOf(req).keys);
  observe(
    'injected',
    shown(await inject((request, response) => app(request, response), { url: '/orders/9' })),
  );
  const request = new IncomingMessage(null);
  Object.assign(request, { method: 'GET', url: '/orders/10' });
  const response = new ServerResponse(request);
  const written = [];
  response.assignSocket(
    new Writable({
      write: (chunk, _encoding, done) => {
        written.push(String(chunk));
        return done();
      },
    }),
  );
  response.on('finish', () => event('by hand: finished'));
  app(request, response);
  await new Promise((resolve) => response.once('finish', resolve));
  observe('by hand', written.join('').replace(/Date: .*\r\n/, ''));
}
