import { createServer } from 'node:http';
import express from 'express';

const app = express();
const router = express.Router();
router.get('/orders/:id', (req, res) => res.json({ id: req.params.id }));
app.use('/tenants/:tenant', router);

const server = createServer(app);
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
