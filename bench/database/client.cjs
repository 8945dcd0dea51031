// One process that queries. run.mjs passes the variant's file, which --require has loaded already, as the only argument.
const pg = require('pg');
const { flush, hand, within } = require(process.argv[2]);

let pool;

const queries = {
  pool: (id) => pool.query('SELECT id, status, amount_cents FROM orders WHERE id = $1', [id]),
};

/** Makes `count` queries, `concurrency` of them at a time, in a closed loop, all of them under one span. */
async function run({ url, query, count, concurrency }) {
  if (pool === undefined) {
    pool = new pg.Pool({ connectionString: url, max: concurrency });
    hand(pool);
    await Promise.all(Array.from({ length: concurrency }, () => pool.query('SELECT 1')));
  }
  let left = count;
  const loop = async () => {
    while (left > 0) {
      left -= 1;
      const { rows } = await queries[query](1 + (left % 100));
      if (rows.length !== 1) throw new Error('no row');
    }
  };
  await within(() => Promise.all(Array.from({ length: concurrency }, loop)));
  return true;
}

const commands = {
  run,
  flush,
  cpuMicros: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
};

process.on('message', async ({ id, command, ...payload }) => {
  process.send({ id, value: (await commands[command](payload)) ?? null });
});
process.on('disconnect', () => process.exit());
