// Makes dist/page/: the page of the console, each file named after what is in it and compressed, so that it can be kept for ever.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import { build } from 'rolldown';

const source = 'src/page';
const target = 'dist/page';

export async function buildPage() {
  const { output } = await build({
    input: { page: `${source}/main.tsx` },
    platform: 'browser',
    write: false,
    transform: { target: 'es2022', jsx: { runtime: 'automatic', importSource: 'preact' } },
    output: {
      format: 'es',
      minify: true,
      comments: false,
      entryFileNames: '[name]-[hash].js',
      chunkFileNames: '[name]-[hash].js',
    },
  });
  mkdirSync(target, { recursive: true });
  for (const { fileName, code } of output) keep(fileName, code);
  const script = output.find(({ isEntry }) => isEntry).fileName;
  const style = keepHashed('page', '.css', styles());
  const icon = keepHashed('icon', '.svg', readFileSync(join(source, 'icon.svg')));
  const names = { script, style, icon };
  const html = readFileSync(join(source, 'index.html'), 'utf8');
  writeFileSync(
    join(target, 'index.html'),
    html.replace(/\{(script|style|icon)\}/g, (_all, name) => `/assets/${names[name]}`),
  );
  writeFileSync(join(target, 'THIRD-PARTY.md'), thirdParty(output));
}

/** All style sheets, the tokens first: they are what others build on. */
function styles() {
  const files = readdirSync(source, { recursive: true })
    .filter((name) => name.endsWith('.css'))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const text = files.map((name) => readFileSync(join(source, name), 'utf8')).join('\n');
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,]) ?/g, '$1')
    .replaceAll(';}', '}');
}

function rank(name) {
  const order = ['tokens.css', 'base.css'].indexOf(name.split(sep).at(-1));
  return order === -1 ? (name.startsWith('style') ? 2 : 3) : order;
}

function keepHashed(name, extension, content) {
  const hash = createHash('sha256').update(content).digest('base64url').slice(0, 8);
  const fileName = `${name}-${hash}${extension}`;
  keep(fileName, content);
  return fileName;
}

/** Only the compressed form is published: whoever does not take it gets it unpacked. */
function keep(fileName, content) {
  writeFileSync(join(target, `${fileName}.gz`), gzipSync(content, { level: constants.Z_BEST_COMPRESSION }));
}

function thirdParty(output) {
  const folders = new Set();
  for (const { modules = {} } of output) {
    for (const id of Object.keys(modules)) {
      const [, folder] = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)/.exec(id) ?? [];
      if (folder !== undefined) folders.add(folder);
    }
  }
  const parts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
    if (license !== 'MIT' || file === undefined)
      throw new Error(`${name} has the licence ${license}: say in ${dirname(target)} what it asks for`);
    return `## ${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  return `# Third-party software in the page of the console\n\n${parts.join('\n')}`;
}
