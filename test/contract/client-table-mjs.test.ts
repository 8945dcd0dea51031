import { describe } from 'vitest';
import { describeClients } from './clients/table.js';

/** On the Nodes beside the first: how a client is loaded changes whether a call is seen, and the table of `require` is whole there. */
const isBeside = process.env.TEST_BESIDE !== undefined;

describe('clients loaded with import', () => {
  if (isBeside) describeClients('mjs', { whole: [], canaries: ['after', 'before', 'destructured'] });
  else describeClients('mjs', { whole: ['after'], canaries: ['before', 'destructured'] });
});
