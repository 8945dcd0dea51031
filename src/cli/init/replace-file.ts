import { readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';

/**
 * Puts a text in the place of a file's, all at once: an interruption leaves the file as it was. Links and the mode stay.
 * @throws Error if the file is not any more what it was when it was read.
 */
export function replaceFile(path: string, before: string, text: string): void {
  const file = realpathSync(path);
  if (readFileSync(file, 'utf8') !== before) throw new Error(`${path} was changed meanwhile: run init again`);
  const beside = `${file}.golden-signals-${process.pid}`;
  try {
    writeFileSync(beside, text, { mode: statSync(file).mode });
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}
