// What is published: the modules of src in few files, because a process that starts pays some 0.2 ms for each file that it loads.
import { defineConfig } from 'rolldown';

export default defineConfig({
  input: {
    index: 'src/index.ts',
    express: 'src/express.ts',
    fastify: 'src/fastify.ts',
    register: 'src/register.ts',
    breaker: 'src/breaker.ts',
    winston: 'src/winston.ts',
    'cli/main': 'src/cli/main.ts',
    // Beside the chunk that starts it.
    'shared/management-worker': 'src/server/management-worker.ts',
  },
  platform: 'node',
  // Packages and Node's own modules stay what they are, and are loaded when the source says so.
  external: /^[^./]/,
  output: {
    dir: 'dist',
    format: 'cjs',
    strict: true,
    esModule: true,
    exports: 'named',
    entryFileNames: '[name].js',
    chunkFileNames: 'shared/[name].js',
  },
});
