// Imports point left only: core <- context <- {metrics, trace, breaker, health} <- {server, client, process, pools, database, logs, export, cli} <- instrument <- index.
const models = 'metrics|trace|breaker|health|rules';
const seams = 'server|client|process|pools|database|logs|export|console|cli';
const layer = (name, from, to) => ({
  name,
  severity: 'error',
  from: { path: `^src/(${from})/` },
  to: { path: `^src/(${to})[/.]` },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'core-is-pure',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { path: '^src/(?!core/|errors)' },
    },
    {
      name: 'core-has-no-io',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { path: '^(node:)?(http|https|http2|net|fs|timers)$' },
    },
    layer('context-is-left-of-models', 'context', `${models}|${seams}|instrument|index|options`),
    layer('models-are-left-of-seams', models, `${seams}|instrument|index|options`),
    layer('seams-are-left-of-the-root', seams, 'instrument|index|options'),
    {
      name: 'siblings-do-not-import-each-other',
      severity: 'error',
      // The command line is what starts a console; nothing else does.
      from: { path: `^src/(${models}|${seams})/`, pathNot: '^src/cli/console' },
      to: { path: `^src/(${models}|${seams})/`, pathNot: [`^src/$1/`, `^src/(${models})/`] },
    },
    {
      name: 'model-siblings-do-not-import-each-other',
      severity: 'error',
      from: { path: `^src/(${models})/` },
      to: { path: `^src/(${models})/`, pathNot: '^src/$1/' },
    },
    {
      name: 'only-the-assembly-imports-the-sdk',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(export|testing)/' },
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
