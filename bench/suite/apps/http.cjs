const { createServer } = require('node:http');

/** A plain server that answers `GET /api/orders/:id`. */
exports.createApp = async function createApp() {
  const app = createServer((req, res) => {
    const id = req.url.slice(req.url.lastIndexOf('/') + 1);
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ id, status: 'paid', totalCents: 4_250 }));
  });
  return { app, listen: (done) => app.listen(0, '127.0.0.1', () => done(app.address().port)) };
};
