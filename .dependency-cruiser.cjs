// Which folder of src may import which. A folder that is not in this list may import nothing: see docs/architecture.md.
const models = ['metrics', 'trace', 'breaker', 'health', 'rules'];
const seams = ['server', 'client', 'process', 'pools', 'database', 'logs', 'management'];
const outputs = ['export', 'console', 'cli'];
const pure = ['core', 'context'];

const allowed = {
  core: [],
  context: ['core'],
  ...Object.fromEntries(models.map((folder) => [folder, pure])),
  ...Object.fromEntries([...seams, ...outputs].map((folder) => [folder, [...pure, ...models]])),
  // Its port answers the routes that servers answer.
  management: [...pure, ...models, 'server'],
  cli: [...pure, ...models, 'console'],
  // It runs in a browser: of the console it takes the types of the answers.
  page: ['console'],
  // Where everything is put together.
  service: [...pure, ...models, ...seams, 'export'],
};
// The version and the errors of the package belong to everybody; the other files of the root are its entry points.
const shared = ['errors', 'version'];

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    ...Object.entries(allowed).map(([folder, others]) => ({
      name: `${folder}-imports-what-it-may`,
      severity: 'error',
      from: { path: `^src/${folder}/` },
      to: { path: `^src/(?!(?:${[folder, ...others].join('|')})/|(?:${shared.join('|')})\\.ts$)` },
    })),
    {
      name: 'page-takes-types-only',
      severity: 'error',
      from: { path: '^src/page/' },
      to: { path: '^src/(?!page/)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'every-folder-is-in-the-list',
      severity: 'error',
      from: { path: `^src/(?!(?:${Object.keys(allowed).join('|')})/)[^/]+/` },
      to: {},
    },
    {
      name: 'core-has-no-io',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { path: '^(node:)?(http|https|http2|net|fs|timers)$' },
    },
    {
      name: 'only-the-assembly-imports-the-sdk',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/export/' },
      to: { path: '@opentelemetry/(sdk|exporter|resources)', dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'require', 'node', 'default'],
    },
  },
};
