// node child.cjs <before|after|destructured> <client>...

const { adapters } = require('./adapters.cjs');
const { start, serve } = require('./serve.cjs');

const [order, ...names] = process.argv.slice(2);
const load = (module) => (module === undefined ? globalThis : require(module));
const clients = {};

if (order === 'after') start();
for (const name of names) {
  const { module, pick, call } = adapters[name];
  const namespace = load(module);
  clients[name] = { call, namespace, pick };
  if (order !== 'before') clients[name].fns = pick(namespace);
}
if (order !== 'after') start();
for (const client of Object.values(clients)) client.fns ??= client.pick(client.namespace);
serve(clients);
