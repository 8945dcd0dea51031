// Finds products by name, also by a name that is misspelt.
// By itself: DATABASE_URL=postgres://... PORT=3004 node examples/shop/services/product.mjs
import fastify from 'fastify';
import { instrument } from 'golden-signals';
import pg from 'pg';

const { HOST = '127.0.0.1', PORT = '3004', DATABASE_URL: connectionString } = process.env;
const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 });

const app = fastify({ logger: true });
pool.on('error', (error) => app.log.error(error, 'a connection to the database broke'));
instrument(app, {
  service: 'product',
  pools: { products: pool },
  logs: { correlate: true },
  overload: { shed: true },
  health: { startup: { schema: createSchema }, checks: { database: () => pool.query('SELECT 1') } },
  shutdown: { onShutdown: () => pool.end() },
});

app.get('/products', async (request) => {
  const { search = '' } = request.query;
  const { rows } = await pool.query('SELECT sku, name FROM shop.products');
  if (search === '') return rows.slice(0, 10);
  const wanted = String(search).slice(0, 40).toLowerCase();
  return rows
    .map((product) => ({ ...product, distance: distance(wanted, product.name) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 10);
});

await app.listen({ port: Number(PORT), host: HOST });

/** Levenshtein's: how many letters have to be added, left out or changed. */
function distance(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const change = row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[other.length];
}

async function createSchema() {
  await pool.query(`BEGIN; SELECT pg_advisory_xact_lock(1); CREATE SCHEMA IF NOT EXISTS shop;
    CREATE TABLE IF NOT EXISTS shop.products (sku text PRIMARY KEY, name text NOT NULL);
    INSERT INTO shop.products SELECT thing || '-' || number, colour || ' ' || thing || ' number ' || number
      FROM unnest(ARRAY['espresso cup', 'filter paper', 'grinder', 'samovar']) AS thing,
        unnest(ARRAY['blue', 'green']) AS colour, generate_series(1, 100) AS number
      WHERE colour = 'blue' ON CONFLICT DO NOTHING; COMMIT`);
}
