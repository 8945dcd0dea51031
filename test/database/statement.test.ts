import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StatementCache } from '../../src/database/statement.js';

const pg = (sql: string) => new StatementCache('postgresql').of(sql);
const mysql = (sql: string) => new StatementCache('mysql').of(sql);

describe('the text of a statement', () => {
  test.each([
    [
      "SELECT * FROM users WHERE name = 'O''Brien' AND age > 42",
      'SELECT * FROM users WHERE name = ? AND age > ?',
    ],
    ['SELECT * FROM users WHERE id = $1 AND t2.c1 = 7', 'SELECT * FROM users WHERE id = $1 AND t2.c1 = ?'],
    ["SELECT E'it\\'s' , b'01', X'ff', U&'d\\0061t', DATE '2026-01-01'", 'SELECT ? , ?, ?, U&?, DATE ?'],
    ['SELECT $$it is $1$$, $body$ x $$ y $body$, $1', 'SELECT ?, ?, $1'],
    ['SELECT 0xFF, 1.5e-10, .5, 1_000, -3, x1, "Col 9", true', 'SELECT ?, ?, ?, ?, -?, x1, "Col 9", ?'],
    ['SELECT 1 -- password 1\n, /* a /* nested */ secret */ 2', 'SELECT ? , ?'],
    ['SELECT  *\n\tFROM   a', 'SELECT * FROM a'],
    [
      'SELECT * FROM a WHERE id IN (1, 2,3) OR id IN ( $1, $2 )',
      'SELECT * FROM a WHERE id IN (?) OR id IN (?)',
    ],
    ['INSERT INTO a (x, y) VALUES (1, 2), (3, 4), (5, 6)', 'INSERT INTO a (x, y) VALUES (?)'],
    ["SELECT a LIKE $1 ESCAPE '\\' AND b", 'SELECT a LIKE $1 ESCAPE ? AND b'],
    ["SELECT 'open", 'SELECT ?…'],
    ['SELECT "open', 'SELECT ?…'],
    ['SELECT /* open', 'SELECT'],
    ["SELECT 'a\\' , 'secret'", 'SELECT ?…'],
    ["SELECT '\\'secret'", 'SELECT ?…'],
    ["SELECT 'C:\\\\' , 'secret', a", 'SELECT ? , ?, a'],
    ["SELECT a LIKE b ESCAPE '\\'' OR 'secret'", 'SELECT a LIKE b ESCAPE ?…'],
    ["SELECT 1 -- it's\r, 'a\n secret'", 'SELECT ? , ?'],
    ['SELECT 1$$my secret$$, $a\u00a0b$my secret$a\u00a0b$', 'SELECT ??, ?'],
    ["SELECT name FROM t WHERE a = 'it's secret'", 'SELECT name FROM t WHERE a = ?…'],
    ["SELECT 'don' t FROM secret'", 'SELECT ?…'],
  ])('of PostgreSQL: %s', (sql, text) => {
    expect(pg(sql).text).toBe(text);
  });

  test.each([
    [
      'SELECT * FROM `my ``t` WHERE a = "x\\"y" AND b = \'O\\\'Brien\' # c',
      'SELECT * FROM `my ``t` WHERE a = ?…',
    ],
    ["SELECT * FROM t WHERE a = 'O''Brien' AND b = 'C:\\\\' # c", 'SELECT * FROM t WHERE a = ? AND b = ?'],
    ["SELECT 'C:\\' , 'secret'", 'SELECT ?…'],
    ['SELECT "a\\", "secret"', 'SELECT ?…'],
    ["SELECT x'ff\\', 'secret'", 'SELECT ?…'],
    ["SELECT /*! 80000 'a */ secret' */ 1", 'SELECT…'],
    ['SELECT /*+ NO_INDEX(t) */ 1, /*M!100100 2, */ 3', 'SELECT ?, ?'],
    ["SELECT 1 --\x7f it's\n, 'secret'", 'SELECT ? , ?'],
    ["SELECT 'O'Brien', 'secret'", 'SELECT ?…'],
    ["SELECT 'don' t secret'", 'SELECT ?…'],
    ["SELECT 5--3, _utf8'x', x'ff' -- secret", 'SELECT ?--?, _utf8?, ?'],
    ['SELECT /* a /* b */ 1, $x', 'SELECT ?, $x'],
  ])('of MySQL: %s', (sql, text) => {
    expect(mysql(sql).text).toBe(text);
  });

  test('has at most 2,048 characters and a few, however long the statement', () => {
    const columns = Array.from({ length: 10_000 }, (_, index) => `column_${index}`).join(', ');
    const { text } = pg(`SELECT ${columns} FROM a`);
    expect(text?.length).toBeLessThan(2_048 + 130);
    expect(text?.endsWith('…')).toBe(true);
  });
});

describe('the summary of a statement', () => {
  test.each([
    ['SELECT * FROM wuser_table WHERE username = ?', 'SELECT wuser_table'],
    [
      'INSERT INTO shipping_details (order_id, address) SELECT order_id, address FROM orders WHERE order_id = ?',
      'INSERT shipping_details SELECT orders',
    ],
    ['SELECT * FROM songs, artists WHERE songs.artist_id = artists.id', 'SELECT songs artists'],
    [
      'SELECT order_date FROM (SELECT * FROM orders o JOIN customers c ON o.customer_id = c.customer_id)',
      'SELECT SELECT orders customers',
    ],
    ['SELECT * FROM "song list" AS s, public.artists', 'SELECT "song list" public.artists'],
    ['select 1', 'select'],
    ['UPDATE ONLY orders SET status = $1', 'UPDATE orders'],
    ['DELETE FROM orders USING customers WHERE true', 'DELETE orders customers'],
    ['SELECT * FROM jobs WHERE done IS DISTINCT FROM $1 FOR UPDATE SKIP LOCKED', 'SELECT jobs'],
    ['SELECT EXTRACT(year FROM created) FROM orders', 'SELECT orders'],
    ['INSERT INTO a VALUES (1) ON CONFLICT (id) DO UPDATE SET x = 1', 'INSERT a'],
    [
      'WITH x AS (SELECT * FROM a) DELETE FROM b WHERE id IN (SELECT id FROM x)',
      'SELECT a DELETE b SELECT x',
    ],
    ['CREATE TABLE IF NOT EXISTS orders (id uuid REFERENCES x ON DELETE CASCADE)', 'CREATE TABLE orders'],
    ['CREATE UNIQUE INDEX CONCURRENTLY i ON orders (id)', 'CREATE INDEX'],
    ["CREATE USER bob PASSWORD 'x'", 'CREATE USER'],
    ['DROP TABLE orders', 'DROP TABLE orders'],
    ['TRUNCATE TABLE orders', 'TRUNCATE orders'],
    ['BEGIN', 'BEGIN'],
    ['BEGIN; UPDATE a SET x = 1; COMMIT', 'BEGIN UPDATE a COMMIT'],
    ['CALL charge($1)', 'CALL charge'],
    ['GRANT SELECT, INSERT ON orders TO bob', 'GRANT'],
    ['SELECT * FROM a LEFT JOIN b USING (id) JOIN c ON true', 'SELECT a b c'],
    ['SELECT a, b FROM t ORDER BY a, b', 'SELECT t'],
  ])('of %s', (sql, summary) => {
    expect(pg(sql).summary).toBe(summary);
  });

  test('is none where no operation is known', () => {
    expect(pg('s3cret 1').summary).toBeUndefined();
    expect(pg('').summary).toBeUndefined();
  });

  test('ends before 255 characters with a whole name', () => {
    const tables = Array.from({ length: 40 }, (_, index) => `a_rather_long_table_name_${index}`);
    const { summary = '' } = pg(`SELECT * FROM ${tables.join(', ')}`);
    expect(summary.length).toBeLessThanOrEqual(255);
    expect(tables).toContain(summary.split(' ').at(-1));
  });

  test('gives the operation and the collection where there is one of each', () => {
    expect(pg('SELECT * FROM a')).toMatchObject({ operation: 'SELECT', collection: 'a' });
    expect(pg('SELECT * FROM a, b')).toMatchObject({ operation: 'SELECT', collection: undefined });
    expect(pg('DELETE FROM a WHERE id IN (SELECT 1)')).toMatchObject({ operation: undefined });
  });
});

describe('no literal survives', () => {
  const secret = 'hunter2';
  const special = fc.constantFrom(...'\'"\\`*/-#$!; \nab');
  const free = fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: special, maxLength: 8 }));
  const double = (text: string, quote: string) => text.replaceAll(quote, quote + quote);
  const escaped = (text: string) => text.replace(/[\\'"]/g, '\\$&');
  const secretIn = free.chain((before) => free.map((after) => before + secret + after));
  const tag = fc.stringMatching(/^[a-z_]{0,5}$/);
  const gap = fc.constantFrom(' ', '\n', '\t', ' /* x */ ', ' -- y\n', ', ', ' = ', ' || ', '(');
  const words = fc.constantFrom(
    'SELECT',
    'FROM orders',
    'WHERE',
    'IN (',
    ')',
    '"a b"',
    't.c1',
    '$1',
    '?',
    'AND',
    '::text',
    'E',
    ';',
  );
  const common = [fc.nat().map((number) => `${secret.length}${number}e-${number}`), words];
  const pgPieces = fc.oneof(
    ...common,
    secretIn.map((text) => `'${double(text.replaceAll('\\', ''), "'")}'`),
    secretIn.map((text) => `E'${escaped(text)}'`),
    fc.tuple(secretIn, tag).map(([text, name]) => `$${name}$${text.replaceAll('$', '')}$${name}$`),
    secretIn.map((text) => `/* ${text.replaceAll('*', '').replaceAll('/', '')} */`),
    secretIn.map((text) => `--${text.replaceAll('\n', '')}\n`),
    secretIn.map((text) => `X'${double(text.replaceAll('\\', ''), "'")}'`),
  );
  const settingsOfPg = fc.oneof(
    ...common,
    // standard_conforming_strings = off
    secretIn.map((text) => `'${escaped(text)}'`),
    secretIn.map((text) => `E'${escaped(text)}'`),
    secretIn.map((text) => `U&'${double(text, "'")}'`),
    secretIn.map((text) => `--${text.replace(/[\r\n]/g, '')}\r`),
  );
  const commonOfMysql = [
    ...common.slice(0, 1),
    secretIn.map((text) => `# ${text.replaceAll('\n', '')}\n`),
    secretIn.map((text) => `-- ${text.replaceAll('\n', '')}\n`),
    fc.constantFrom('SELECT', 'FROM `orders`', 'WHERE', 'IN (', ')', '?', 'AND', '/*! 50000 a */', '/* b */'),
  ];
  const introducer = fc.constantFrom('', '_utf8', '_binary ', 'N', 'X', 'B', '@');
  const mysqlPieces = fc.oneof(
    ...commonOfMysql,
    fc.tuple(introducer, secretIn).map(([before, text]) => `${before}'${escaped(text)}'`),
    secretIn.map((text) => `"${escaped(text)}"`),
    secretIn.map((text) => `'${double(text.replaceAll('\\', '\\\\'), "'")}'`),
    secretIn.map((text) => `/*! 50000 '${escaped(text)}' */`),
  );
  // A backslash is a character like any other.
  const noBackslashEscapes = fc.oneof(
    ...commonOfMysql,
    fc.tuple(introducer, secretIn).map(([before, text]) => `${before}'${double(text, "'")}'`),
    secretIn.map((text) => `"${double(text, '"')}"`),
    secretIn.map((text) => `'${double(text, "'")}\\'`),
    secretIn.map((text) => `/*! 50000 '${double(text, "'")}' */`),
  );

  test.each([
    ['PostgreSQL', pg, pgPieces],
    ['PostgreSQL without standard_conforming_strings', pg, settingsOfPg],
    ['MySQL', mysql, mysqlPieces],
    ['MySQL with NO_BACKSLASH_ESCAPES', mysql, noBackslashEscapes],
    ['MySQL, under either setting', mysql, fc.oneof(mysqlPieces, noBackslashEscapes)],
  ] as const)('of a statement of %s', (_name, read, pieces) => {
    const statements = fc
      .array(fc.tuple(pieces, gap))
      .map((all) => all.map(([piece, space]) => piece + space).join(''));
    fc.assert(
      fc.property(statements, (sql) => {
        const { text = '', summary = '' } = read(sql);
        expect(text).not.toContain(secret);
        expect(summary).not.toContain(secret);
      }),
      { numRuns: 2_000 },
    );
  });

  test('and no digit that is not part of a name or a parameter, whatever the number looks like', () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.bigInt().map(String),
    );
    fc.assert(
      fc.property(number, (value) => {
        expect(pg(`SELECT ${value}`).text).toMatch(/^SELECT -?\?$/);
        expect(mysql(`SELECT ${value}`).text).toMatch(/^SELECT -?\?$/);
      }),
    );
  });

  test('and nothing is thrown, whatever comes', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc
        .array(
          fc.constantFrom(
            "'",
            '"',
            '`',
            '\\',
            '$',
            '$a$',
            '/*',
            '*/',
            '--',
            '\n',
            '(',
            ')',
            ';',
            '.',
            ',',
            'FROM',
            'CREATE',
            'é',
          ),
        )
        .map((all) => all.join('')),
    );
    fc.assert(
      fc.property(anything, (sql) => {
        for (const read of [pg, mysql]) {
          const { text, summary } = read(sql);
          expect(typeof text).toBe('string');
          expect((summary ?? '').length).toBeLessThanOrEqual(255);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('what is remembered of statements', () => {
  test('is the same for the same text, and stays while it is in use', () => {
    const cache = new StatementCache('postgresql');
    const first = cache.of('SELECT 1 FROM a');
    for (let index = 0; index < 3_000; index += 1) {
      cache.of(`SELECT ${index}`);
      cache.of('SELECT 1 FROM a');
    }
    expect(cache.of('SELECT 1 FROM a')).toBe(first);
    expect(cache.size).toBeLessThanOrEqual(1_000);
  });

  test('is nothing of a long one', () => {
    const cache = new StatementCache('postgresql');
    cache.of(`SELECT ${'x'.repeat(5_000)}`);
    expect(cache.size).toBe(0);
  });

  test('is nothing where the text is none', () => {
    expect(new StatementCache('postgresql').of(undefined)).toMatchObject({
      text: undefined,
      summary: undefined,
    });
  });
});
