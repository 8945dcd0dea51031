import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const source = /\.(?:[cm]?js|[cm]?ts)$/;
const notOfTheService =
  /\.(?:d|test|spec|config|stories)\.[cm]?[jt]s$|^(?:jest|vitest|webpack|rollup|vite|gulpfile|eslint)\b/;
const otherFolders =
  /^(?:node_modules|dist|build|out|lib-cov|coverage|public|static|tests?|__tests__|specs?|e2e|fixtures|mocks?|__mocks__|examples?|scripts|migrations|bench|docs)$/;
const maxFiles = 500;
const maxDepth = 6;
const maxBytes = 500_000;

/** A file of the service, its path as seen from the folder. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** What a service is written in: JavaScript and TypeScript, without tests, tools, and what is built. Nearest to the folder first. */
export function sourceFilesIn(folder: string): readonly SourceFile[] {
  const files: SourceFile[] = [];
  let folders = [''];
  for (let depth = 0; depth <= maxDepth && folders.length > 0; depth += 1) {
    const below: string[] = [];
    for (const at of folders) {
      for (const entry of entriesOf(join(folder, at))) {
        const path = at === '' ? entry.name : `${at}/${entry.name}`;
        if (entry.isDirectory()) {
          if (!entry.name.startsWith('.') && !otherFolders.test(entry.name)) below.push(path);
        } else if (source.test(entry.name) && !notOfTheService.test(entry.name) && files.length < maxFiles) {
          const text = readSource(join(folder, path));
          if (text !== undefined) files.push({ path, text });
        }
      }
    }
    folders = below;
  }
  return files;
}

export function readSource(path: string): string | undefined {
  try {
    const stat = statSync(path);
    return stat.isFile() && stat.size <= maxBytes ? readFileSync(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
