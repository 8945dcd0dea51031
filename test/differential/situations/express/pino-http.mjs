// pino-http logs each request from its serializers of req and res, errors included.
export async function service({ instrument, listen }) {
  const { default: express } = await import('express');
  const { default: pinoHttp } = await import('pino-http');
  const { default: pino } = await import('pino');
  const app = express();
  await instrument(app);
  let nth = 0;
  const logger = pino({ base: null, timestamp: false }, pino.destination({ sync: true }));
  app.use(pinoHttp({ logger, genReqId: () => ++nth }));
  app.get('/', (req, res) => {
    req.log.info('in the handler');
    res.send('logged');
  });
  app.get('/error', () => {
    throw Object.assign(new Error('logged too'), { code: 'E_OWN' });
  });
  app.use((error, _req, res, _next) => {
    res.err = error;
    res.sendStatus(500);
  });
  await listen(app);
}

export const mask = [
  [/\\"responseTime\\":\d+/g, '<time>'],
  [/\\"remotePort\\":\d+/g, '<port>'],
  [/\\"stack\\":\\".*?(?<!\\\\)\\"/g, '<stack>'],
];

export async function drive({ client, observe }) {
  observe('get', await client.request());
  observe('error', await client.request({ path: '/error' }));
  observe('health', await client.request({ path: '/x' }));
}
