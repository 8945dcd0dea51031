import { describe } from 'vitest';
import { describeClients } from './clients/table.js';

describe('clients loaded with import', () => {
  describeClients('mjs', { whole: 'after', canaries: ['before', 'destructured'] });
});
