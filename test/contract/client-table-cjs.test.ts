import { describe } from 'vitest';
import { describeClients } from './clients/table.js';

describe('clients loaded with require', () => {
  describeClients('cjs', { whole: ['after'], canaries: ['before', 'destructured'] });
});
