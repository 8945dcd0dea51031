import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
// @ts-expect-error It is a script of the build, without types.
import { isBuilt, keepStamp } from '../../build-stamp.mjs';

const home = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'golden-signals-stamp-'));
const files = [
  'build.mjs',
  'package-lock.json',
  'src/index.ts',
  'src/core/ids.ts',
  'dist/index.js',
  'dist/shared/a.js',
];

beforeAll(() => {
  process.chdir(folder);
  for (const name of ['src/core', 'dist/shared']) mkdirSync(name, { recursive: true });
  for (const file of files) writeFileSync(file, file);
});
afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
});

test('a build that ended well is not made again', () => {
  expect(isBuilt()).toBe(false);
  keepStamp();
  expect(isBuilt()).toBe(true);
});

test.each(files)('a build is made again when %s has changed, and not when it is as it was', (file) => {
  keepStamp();
  writeFileSync(file, 'another');
  expect(isBuilt()).toBe(false);
  writeFileSync(file, file);
  expect(isBuilt()).toBe(true);
});

test.each(['src/new.ts', 'dist/shared/new.js'])('a build is made again when there is %s', (file) => {
  keepStamp();
  writeFileSync(file, '');
  expect(isBuilt()).toBe(false);
  rmSync(file);
  expect(isBuilt()).toBe(true);
});

test('a build is made again when a file of it is gone', () => {
  keepStamp();
  rmSync('dist/shared/a.js');
  expect(isBuilt()).toBe(false);
  writeFileSync('dist/shared/a.js', 'dist/shared/a.js');
});
