import { createRequire } from 'node:module';

/**
 * The CommonJS modules that the process has loaded, by their files. Asked of a `require` of Node's: in an application that a bundler has
 * put together, the one of this module may have no cache.
 */
export function loadedModules(): [file: string, exports: unknown][] {
  const { cache } = createRequire(process.execPath);
  return Object.entries(cache).map(([file, module]) => [file, module?.exports]);
}
