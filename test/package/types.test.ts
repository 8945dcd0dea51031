import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENTRIES, installTarball, MANIFEST, pick, type Scratch } from './scratch.js';
import { expectTelemetry } from './telemetry.js';

// Apart from tarball.test.ts because the compilers take most of a minute and do not depend on the version of Node.
const SLOW_MS = 300_000;

let scratch: Scratch;

beforeAll(async () => {
  scratch = await installTarball({
    ...pick('@types/express', '@types/node', 'express', 'fastify'),
    'typescript-4.9': 'npm:typescript@~4.9.0',
    'typescript-5.0': 'npm:typescript@~5.0.0',
    'typescript-5.9': 'npm:typescript@~5.9.0',
    'typescript-6.0': `npm:typescript@${MANIFEST.devDependencies.typescript}`,
  });
}, 5 * SLOW_MS);

afterAll(() => scratch?.remove());

interface Mode {
  readonly mode: string;
  readonly type: 'commonjs' | 'module';
  readonly compilerOptions: Readonly<Record<string, unknown>>;
}
const modes: readonly Mode[] = [
  { mode: 'node10', type: 'commonjs', compilerOptions: { module: 'commonjs', moduleResolution: 'node10' } },
  { mode: 'node16', type: 'commonjs', compilerOptions: { module: 'node16', moduleResolution: 'node16' } },
  { mode: 'node16', type: 'module', compilerOptions: { module: 'node16', moduleResolution: 'node16' } },
  {
    mode: 'nodenext',
    type: 'commonjs',
    compilerOptions: { module: 'nodenext', moduleResolution: 'nodenext' },
  },
  { mode: 'nodenext', type: 'module', compilerOptions: { module: 'nodenext', moduleResolution: 'nodenext' } },
  { mode: 'bundler', type: 'module', compilerOptions: { module: 'esnext', moduleResolution: 'bundler' } },
];
/** As 4.9 calls it. */
const formerly = { compilerOptions: { module: 'commonjs', moduleResolution: 'node' } };
const old = ['typescript-4.9', 'typescript-5.0'];
const cases = [
  // What 5.0 brought is the mode for bundlers; else it reads declarations as 4.9 does.
  ...modes
    .filter(({ mode }) => mode === 'node10' || mode === 'node16')
    .map((mode) => ({ compiler: 'typescript-4.9', ...mode, ...(mode.mode === 'node10' && formerly) })),
  ...modes.filter(({ mode }) => mode === 'bundler').map((mode) => ({ compiler: 'typescript-5.0', ...mode })),
  ...modes.map((mode) => ({ compiler: 'typescript-5.9', ...mode })),
  ...modes.map((mode) => ({ compiler: 'typescript-6.0', ...mode })),
];

/** The declarations of fastify itself are more than an old compiler can read: there it is our entry point alone. */
const withoutFastify =
  "import { fastifySignals } from 'golden-signals/fastify';\nexport const plugin = fastifySignals;\n";

describe.each(cases)(
  'a $type app under $compiler, moduleResolution $mode',
  ({ compiler, mode, type, compilerOptions }) => {
    test('type-checks strictly, declarations of libraries included, and runs', {
      timeout: SLOW_MS,
    }, async () => {
      const folder = `${compiler}-${mode}-${type}`;
      const silenced =
        compiler === 'typescript-6.0' && mode === 'node10' ? { ignoreDeprecations: '6.0' } : {};
      const settings = {
        compilerOptions: {
          ...compilerOptions,
          ...silenced,
          target: 'es2022',
          lib: ['es2022'],
          types: ['node'],
          strict: true,
          exactOptionalPropertyTypes: true,
          ...(old.includes(compiler) ? {} : { noUncheckedSideEffectImports: true }),
          skipLibCheck: false,
          esModuleInterop: true,
          rootDir: 'src',
          outDir: 'out',
        },
        include: ['src'],
      };
      await scratch.write(`${folder}/package.json`, JSON.stringify({ name: 'orders', type }));
      await scratch.write(`${folder}/tsconfig.json`, JSON.stringify(settings));
      for (const entry of ENTRIES) {
        const name = entry === '.' ? 'app.ts' : `${entry.slice(2)}.ts`;
        const isReplaced = name === 'fastify.ts' && old.includes(compiler);
        const program = isReplaced ? withoutFastify : readFile(join(scratch.dir, 'types', name), 'utf8');
        await scratch.write(`${folder}/src/${name}`, await program);
      }
      const compiled = await scratch.node([`node_modules/${compiler}/bin/tsc`, '-p', folder]);
      expect(compiled).toMatchObject({ exit: 0, stdout: '' });
      await expectTelemetry(scratch, [`${folder}/out/app.js`], 'shutdown()');
    });
  },
);
