import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { expect, test } from 'vitest';

const root = join(__dirname, '..');
const src = join(root, 'src');
const models = ['metrics', 'trace', 'breaker', 'health', 'rules'];

/** The rooms of docs/architecture.md, each with what it may import. */
const rooms = readRooms();

function readRooms(): ReadonlyMap<string, ReadonlySet<string>> {
  const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \|.*\| ([^|]+) \|$/gm)].map(([, room = '', may = '']) => ({
    room,
    may,
  }));
  const names = rows.map(({ room }) => room);
  return new Map(
    rows.map(({ room, may }) => {
      const named = [...may.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
      const others = may.startsWith('all but')
        ? names.filter((name) => !named.includes(name))
        : [...named, ...(may.includes('the models') ? models : [])];
      return [room, new Set([room, ...others])];
    }),
  );
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(folder, name));
}

/** The rooms that the files of a room import from. */
function importsOf(room: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const file of filesIn(join(src, room))) {
    for (const [, target = ''] of readFileSync(file, 'utf8').matchAll(/\bfrom '(\.[^']+)'/g)) {
      const [first = ''] = relative(src, resolve(dirname(file), target)).split(sep);
      if (!first.endsWith('.js')) found.add(first);
    }
  }
  return found;
}

test('docs/architecture.md names every room of src', () => {
  const folders = readdirSync(src, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect([...rooms.keys()].sort()).toEqual(folders.map(({ name }) => name).sort());
});

test.each([...rooms.keys()])('%s imports what docs/architecture.md allows', (room) => {
  const allowed = rooms.get(room) as ReadonlySet<string>;
  expect([...importsOf(room)].filter((name) => !allowed.has(name))).toEqual([]);
});

test('the root of src has the entry points, the errors and the version, and nothing else', () => {
  const files = readdirSync(src).filter((name) => name.endsWith('.ts'));
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, unknown>;
  };
  const entries = Object.keys(exports)
    .filter((name) => !name.endsWith('.json'))
    .map((name) => (name === '.' ? 'index.ts' : `${name.slice(2)}.ts`));
  expect(files.sort()).toEqual([...entries, 'errors.ts', 'version.ts'].sort());
});
