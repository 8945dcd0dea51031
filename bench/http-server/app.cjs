// The application under measurement: the same for every variant, loaded after the variant's --require.
const express = require('express');

/** An express 5 app with a body parser and `GET /api/orders/:id` on a mounted router, not yet listening. */
exports.createApp = function createApp() {
  const orders = express.Router();
  orders.get('/orders/:id', (req, res) => {
    res.json({ id: req.params.id, status: 'paid', totalCents: 4_250 });
  });

  const app = express();
  app.use(express.json());
  app.use('/api', orders);
  return app;
};
