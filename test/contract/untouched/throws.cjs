const { createServer } = require('node:http');

let open;
process.on('uncaughtException', (error) => {
  open.statusCode = 500;
  open.end(JSON.stringify({ id: error.message }));
});
const server = createServer((req, res) => {
  open = res;
  throw new RangeError(req.url.split('/').at(-1));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
