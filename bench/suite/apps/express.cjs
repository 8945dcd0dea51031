const express = require('express');

/** An express app with a body parser and `GET /api/orders/:id` on a mounted router. */
exports.createApp = async function createApp() {
  const orders = express.Router();
  orders.get('/orders/:id', (req, res) => {
    res.json({ id: req.params.id, status: 'paid', totalCents: 4_250 });
  });
  const app = express();
  app.use(express.json());
  return {
    app,
    // Routes come after what a variant adds to the app.
    routes: () => app.use('/api', orders),
    listen(done) {
      const server = app.listen(0, '127.0.0.1', () => done(server.address().port));
    },
  };
};
