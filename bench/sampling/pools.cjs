// The pools of a process under measurement: ten, of every kind that is known, the same in each variant.
const http = require('node:http');
const { createPool } = require('generic-pool');
const mysql = require('mysql2');
const pg = require('pg');
const { Pool: UndiciPool } = require('undici7');

/** Makes the pools; `use()` asks each of them for a connection, three times at once, and gives it back. */
exports.createPools = ({ postgresUrl, upstreamPort }) => {
  const ofPostgres = ['orders', 'stock', 'reports'].map((name) => [
    name,
    new pg.Pool({ connectionString: postgresUrl, max: 2 }),
  ]);
  const ofWorkers = ['images', 'mails', 'searches'].map((name) => [
    name,
    createPool({ create: async () => ({}), destroy: async () => {} }, { max: 2 }),
  ]);
  // Nobody answers there; its connections are made when they are asked for.
  const mysqlPool = mysql.createPool({ host: '127.0.0.1', port: 1 });
  const stats = { stats: () => ({ used: 1, idle: 1, pending: 0, max: 4 }) };
  const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
  const undici = new UndiciPool(`http://127.0.0.1:${upstreamPort}`, { connections: 2 });

  const thrice = (ask) => {
    for (let i = 0; i < 3; i++) void ask();
  };
  return {
    pools: Object.fromEntries([
      ...ofPostgres,
      ...ofWorkers,
      ['payments', mysqlPool],
      ['files', stats],
      ['upstream', agent],
      ['upstream2', undici],
    ]),
    use() {
      for (const [, pool] of ofPostgres) thrice(() => pool.query('SELECT 1'));
      for (const [, pool] of ofWorkers) thrice(async () => pool.release(await pool.acquire()));
      thrice(() =>
        http.get({ host: '127.0.0.1', port: upstreamPort, agent }, (response) => response.resume()),
      );
      thrice(async () => (await undici.request({ path: '/', method: 'GET' })).body.dump());
    },
  };
};
