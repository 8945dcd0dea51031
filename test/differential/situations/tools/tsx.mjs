// tsx runs a service in TypeScript with an enum and top-level await.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

export const ends = true;
export const command = () => [
  require.resolve('tsx/cli'),
  fileURLToPath(new URL('../../fixtures/typed.ts', import.meta.url)),
];
