// What is published: the modules of src in few files, because a process that starts pays some 0.2 ms for each file that it loads.
import { defineConfig } from 'rolldown';

/**
 * A process keeps the text of what it has loaded, in two bytes for each character where a single one is not of Latin-1. What is left
 * of those without comments is in strings and patterns.
 */
const inAscii = {
  name: 'in-ascii',
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      chunk.code = chunk.code.replace(/[^\0-\x7f]/g, escaped);
    }
  },
};

const escaped = (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * What is used of the OpenTelemetry API is read from it once. Its exports are getters on an object with so many properties that V8
 * keeps them in a table: each `trace` or `ROOT_CONTEXT` of a call would be looked up there.
 */
const apiOnce = {
  name: 'api-once',
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      const names = new Set(
        Array.from(chunk.code.matchAll(/\b_opentelemetry_api\.(\w+)/g), ([, name]) => name),
      );
      if (names.size === 0) continue;
      const locals = Array.from(names, (name) => `${name}: _opentelemetry_api_${name}`).join(', ');
      chunk.code = chunk.code
        .replace(/\b_opentelemetry_api\.(\w+)/g, '_opentelemetry_api_$1')
        .replace(/^(?:let|const) _opentelemetry_api = (.*);$/m, `const { ${locals} } = $1;`);
    }
  },
};

/** Built by rolldown.opentelemetry.mjs, into the folder of the chunks. */
const builtInSdk = {
  name: 'built-in-sdk',
  resolveId: (id) => (id === './opentelemetry.js' ? { id, external: true } : undefined),
  renderChunk(code, { fileName }) {
    if (!code.includes('./opentelemetry.js') || fileName.startsWith('shared/')) return undefined;
    throw new Error(`${fileName} loads the SDK, which only a chunk under shared/ may`);
  },
};

/** What all modules of dist/ are written as. */
export const output = {
  dir: 'dist',
  format: 'cjs',
  strict: true,
  esModule: true,
  exports: 'named',
  comments: false,
};

export default defineConfig({
  input: {
    index: 'src/index.ts',
    express: 'src/express.ts',
    fastify: 'src/fastify.ts',
    register: 'src/register.ts',
    breaker: 'src/breaker.ts',
    winston: 'src/winston.ts',
    'cli/main': 'src/cli/main.ts',
    // Loaded by their file names, when they are needed.
    'shared/every-server': 'src/service/every-server.ts',
    'shared/worker': 'src/management/worker.ts',
  },
  platform: 'node',
  plugins: [builtInSdk, inAscii, apiOnce],
  // Packages and Node's own modules stay what they are, and are loaded when the source says so.
  external: /^[^./]/,
  output: {
    ...output,
    entryFileNames: '[name].js',
    chunkFileNames: 'shared/[name].js',
  },
});
