// How vitest runs src: with the SDK as the build made it, and with the instance of the OpenTelemetry API that the build requires.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const built = join(import.meta.dirname, '../dist/shared/opentelemetry.js');

export const sources = {
  plugins: [
    {
      name: 'built-in-sdk',
      enforce: 'pre',
      transform: (code, id) =>
        id.endsWith('/src/export/sdk.ts')
          ? code.replace(`require('./opentelemetry.js')`, `require(${JSON.stringify(built)})`)
          : undefined,
    },
  ],
  resolve: {
    alias: [
      {
        find: /^@opentelemetry\/api$/,
        replacement: createRequire(import.meta.url).resolve('@opentelemetry/api'),
      },
    ],
  },
};
