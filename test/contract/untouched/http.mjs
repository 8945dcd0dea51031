import { createServer } from 'node:http';

const server = createServer((req, res) => res.end(JSON.stringify({ id: req.url.split('/').at(-1) })));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
