// winston to standard output, with errors, child loggers and metadata, within requests.
export async function service({ instrument, listen }) {
  const { default: express } = await import('express');
  const { default: winston } = await import('winston');
  const { format } = winston;
  const logger = winston.createLogger({
    format: format.combine(format.errors({ stack: false }), format.json()),
    transports: [new winston.transports.Console()],
  });
  const app = express();
  await instrument(app);
  app.get('/:id', (req, res) => {
    logger.child({ order: req.params.id }).info('asked', { trace_id: 'own' });
    logger.error(new Error('logged'));
    logger.warn('%s', { a: 1 });
    res.send('ok');
  });
  await listen(app);
}

export async function drive({ client, observe }) {
  observe('get', await client.request({ path: '/7' }));
}
