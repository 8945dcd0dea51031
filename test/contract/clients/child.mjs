// node child.mjs <before|after|destructured> <client>...

import { adapters } from './adapters.cjs';
import { serve, start } from './serve.cjs';

const [order, ...names] = process.argv.slice(2);
const load = async (module) => (module === undefined ? globalThis : import(module));
const clients = {};

if (order === 'after') start();
for (const name of names) {
  const { module, pick, call } = adapters[name];
  const namespace = await load(module);
  clients[name] = { call, namespace, pick };
  if (order !== 'before') clients[name].fns = pick(namespace);
}
if (order !== 'after') start();
for (const client of Object.values(clients)) client.fns ??= client.pick(client.namespace);
serve(clients);
