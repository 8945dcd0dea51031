import type { FileReader } from '../../../src/process/proc-files.js';

/** Files that say what a test wants; all others are missing. */
export function fakeFiles(
  texts: Readonly<Record<string, string>>,
  entries: Readonly<Record<string, number>> = {},
): FileReader {
  return { text: (path) => texts[path], entries: (path) => entries[path] };
}
