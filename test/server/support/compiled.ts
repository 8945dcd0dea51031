import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { afterAll } from 'vitest';

const root = resolve(__dirname, '../../..');

/** Compiles some files of src, and what they import, into a folder of this test file: a thread or a process of its own runs JavaScript. */
export function compile(...files: readonly string[]): (file: string) => string {
  const outDir = mkdtempSync(join(tmpdir(), 'golden-signals-'));
  afterAll(() => rmSync(outDir, { recursive: true, force: true }));
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, root);
  const program = ts.createProgram(
    files.map((file) => join(root, 'src', file)),
    { ...options, noEmit: false, noCheck: true, rootDir: join(root, 'src'), outDir },
  );
  program.emit();
  return (file) => join(outDir, file.replace(/\.ts$/, '.js'));
}
