import { once } from 'node:events';
import { chmodSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createProgramFolder } from '../support/program-folder.js';
import { compile, type SmallService, smallServices } from './support/small-services.js';
import { typed } from './support/terminal.js';

/** Without a collector: that is another test. */
const env = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' };

async function folderOf({
  packages,
  manifest,
  files,
}: Pick<SmallService, 'packages' | 'manifest' | 'files'>) {
  const all = ['@opentelemetry/api', 'typescript', ...packages];
  const folder = await createProgramFolder('init', all, { name: 'small', ...manifest });
  onTestFinished(() => folder.remove());
  for (const [file, text] of Object.entries(files)) await folder.write(file, text);
  return folder;
}

/** A folder with golden-signals among its dependencies, and one file. */
async function folderWith(text: string, file = 'server.mjs', more: Readonly<Record<string, string>> = {}) {
  const manifest = { dependencies: { 'golden-signals': '*', express: '*', '@opentelemetry/api': '*' } };
  const folder = await folderOf({ packages: ['express'], manifest, files: { [file]: text, ...more } });
  const read = () => readFileSync(join(folder.path, file), 'utf8');
  const init = async (...words: string[]) => typed(['init', ...words], { cwd: folder.path, env });
  const json = async (...words: string[]) => JSON.parse((await init('--json', ...words)).out);
  return { ...folder, read, init, json };
}

const plain = `import express from 'express';\nconst app = express();\napp.listen(3000);\n`;

describe('golden-signals init', () => {
  test.each(smallServices)('instruments a service that then answers /health: $title', async (service) => {
    const { file, files, framework, moduleSystem, added, compiled } = service;
    const folder = await folderOf(service);
    const before = files[file] as string;
    const read = () => readFileSync(join(folder.path, file), 'utf8');

    const shown = await typed(['init', '--json'], { cwd: folder.path, env });
    expect(JSON.parse(shown.out)).toMatchObject({
      framework,
      moduleSystem,
      status: 'certain',
      file,
      install: 'npm install golden-signals',
    });
    expect(shown.code).toBe(1);
    expect(read()).toBe(before);

    const written = await typed(['init', '--json', '--write'], { cwd: folder.path, env });
    expect(JSON.parse(written.out)).toMatchObject({ status: 'written', file });
    const after = read().split(/\r?\n/);
    for (const line of added) expect(after.filter((one) => one === line)).toHaveLength(1);
    expect(after.filter((line) => !added.includes(line))).toEqual(before.split(/\r?\n/));
    const { lines } = JSON.parse(written.out) as { lines: { line: number; text: string }[] };
    for (const { line, text } of lines) expect(after[line - 1]).toBe(text);

    const again = await typed(['init', '--write', '--json'], { cwd: folder.path, env });
    expect(JSON.parse(again.out)).toMatchObject({ status: 'present', where: file });
    expect(read().split(/\r?\n/)).toEqual(after);

    const [program = file, module] = compiled ?? [];
    if (module !== undefined && module !== ts.ModuleKind.None)
      await folder.write(program, compile(read(), module));
    const child = folder.start([program], { ...env, OTEL_LOG_LEVEL: 'warn' });
    child.stdout?.resume();
    child.stderr?.pipe(process.stderr);
    const [port] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`ended with exit code ${code}`))),
    ]);
    const health = await fetch(`http://localhost:${port}/health`);
    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({ status: 'pass' });
    expect((await fetch(`http://localhost:${port}/`)).status).toBe(200);
  });

  test('shows the lines where they go, what to type next, and what the doctor finds', async () => {
    const { init } = await folderWith(plain);
    expect(await init()).toEqual({
      code: 1,
      err: '',
      out: [
        'express, ES module: server.mjs',
        '',
        "    1   import express from 'express';",
        "    2 + import { instrument } from 'golden-signals';",
        '    3   const app = express();',
        '    4 + instrument(app);',
        '    5   app.listen(3000);',
        '',
        'golden-signals init --write adds the 2 lines',
        '',
        'doctor:',
        '0 errors, 0 warnings',
        '',
      ].join('\n'),
    });
  });

  test('ends with 0 once nothing is left to do', async () => {
    const { init } = await folderWith(plain);
    expect(await init('--write')).toMatchObject({ code: 0, err: '' });
    const again = await init();
    expect(again).toEqual({
      code: 0,
      err: '',
      out: 'Already instrumented: server.mjs\n\ndoctor:\n0 errors, 0 warnings\n',
    });
  });

  test.each([
    ['npm install golden-signals', 'package-lock.json'],
    ['pnpm add golden-signals', 'pnpm-lock.yaml'],
    ['yarn add golden-signals', 'yarn.lock'],
  ])('says %s where that is the tool of the service', async (command, lock) => {
    const manifest = { dependencies: { express: '*' } };
    const folder = await folderOf({ packages: ['express'], manifest, files: { [lock]: '', 'a.mjs': plain } });
    const { out, code } = await typed(['init', '--write'], { cwd: folder.path, env });
    expect(out).toMatch(new RegExp(`^${command}\n\n`));
    expect(out).toContain('error    not-installed');
    expect(code).toBe(1);
  });

  test.each([
    ['a comment alone names it', `// instrument(app) of 'golden-signals'\n${plain}`, 'certain'],
    [
      'a route says it',
      plain.replace('listen', `get('/', (q, r) => r.send("golden-signals")).listen`),
      'certain',
    ],
    [
      'the plugin is used',
      `import { expressSignals } from 'golden-signals/express';\n${plain}app.use(expressSignals());\n`,
      'present',
    ],
    ['it is registered', `import 'golden-signals/register';\n${plain}`, 'present'],
    ['it only takes ids for a logger', `import { traceFields } from 'golden-signals';\n${plain}`, 'certain'],
  ])('knows whether a service has it: %s', async (_title, text, status) => {
    const { json } = await folderWith(text);
    expect(await json()).toMatchObject({ status });
  });

  test('leaves a service alone that is started with golden-signals/register', async () => {
    const { json, read, write } = await folderWith(plain);
    const scripts = { start: 'node --import golden-signals/register server.mjs' };
    await write('package.json', JSON.stringify({ name: 'small', scripts, dependencies: { express: '*' } }));
    expect(await json('--write')).toMatchObject({
      status: 'present',
      where: 'the script start of package.json',
    });
    expect(read()).toBe(plain);
  });

  test.each([
    ['two applications', `${plain}const admin = express();\n`, 'makes 2 applications: app, admin'],
    [
      'no statement of its own',
      `import express from 'express';\nexport const make = () => express();\n`,
      'no file has a statement',
    ],
    [
      'an expression goes on',
      `import express from 'express';\nconst server = express().listen(1).ref();\n`,
      'no file has a statement',
    ],
    [
      'more on the line',
      `import express from 'express';\nconst app = express(); app.listen(1);\n`,
      'no file has a statement',
    ],
    [
      'a framework that is passed on',
      `import express from 'express';\nconst app = (0, express)();\n`,
      'no file has a statement',
    ],
    ['a name of its own', `const instrument = 1;\n${plain}`, 'server.mjs has a name instrument of its own'],
    ['a file that cannot be read', `${plain}const = ;\n`, 'nothing here can read server.mjs'],
    [
      'a loop that has it in its head',
      `import express from 'express';\nfor (\nconst app = express();\n;\n) break;\n`,
      'no file has a statement',
    ],
  ])(
    'changes nothing where no place is certain, and says what to add by hand: %s',
    async (_title, text, reason) => {
      const { init, json, read } = await folderWith(text);
      expect(await json('--write')).toMatchObject({
        status: 'uncertain',
        reason: expect.stringContaining(reason),
      });
      const { code, out } = await init('--write');
      expect(code).toBe(1);
      expect(out).toContain("    import { instrument } from 'golden-signals';\n");
      expect(out).toContain('    instrument(app);\n');
      expect(read()).toBe(text);
    },
  );

  test('asks which file is meant where several make an application, and takes the one that is named', async () => {
    const { init, json, read } = await folderWith(plain, 'admin.mjs', { 'shop.mjs': plain });
    expect((await init()).out).toContain('admin.mjs, shop.mjs make applications: name one with --file');
    expect(await json('--write', '--file', './admin.mjs')).toMatchObject({
      status: 'written',
      file: 'admin.mjs',
    });
    expect(read()).toContain('instrument(app);');
  });

  test('prefers the file that starts the service', async () => {
    const { json, write } = await folderWith(plain, 'admin.mjs', { 'src/main.mjs': plain });
    await write('package.json', JSON.stringify({ main: './src/main.mjs', dependencies: { express: '*' } }));
    expect(await json()).toMatchObject({ status: 'certain', file: 'src/main.mjs' });
  });

  test('says what to add to a worker without a server', async () => {
    const { init } = await folderWith('setInterval(() => {}, 1000);\n');
    const manifest = JSON.stringify({ dependencies: { 'golden-signals': '*', '@opentelemetry/api': '*' } });
    const worker = await folderWith('setInterval(() => {}, 1000);\n');
    await worker.write('package.json', manifest);
    expect((await worker.init()).out).toContain('instrument();   // a worker or a script');
    expect((await init()).out).toContain('const app = express();');
  });

  test('finds no service in a folder without package.json', async () => {
    const { path } = await folderWith(plain, 'below/server.mjs');
    const { code, out } = await typed(['init', join(path, 'below'), '--write'], { cwd: path, env });
    expect(code).toBe(1);
    expect(out).toContain('error    no-package');
    expect(readFileSync(join(path, 'below/server.mjs'), 'utf8')).toBe(plain);
  });

  test('keeps the mode of a file, and the link that leads to it', async () => {
    const { path, init } = await folderWith(plain, 'real/kept.txt');
    const target = join(path, 'real/kept.txt');
    chmodSync(target, 0o750);
    symlinkSync(target, join(path, 'server.mjs'));
    expect((await init('--write')).code).toBe(0);
    expect(statSync(target).mode & 0o777).toBe(0o750);
    expect(readFileSync(target, 'utf8')).toContain('instrument(app);');
  });
});
