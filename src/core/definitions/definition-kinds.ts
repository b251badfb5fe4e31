/** The kinds of definition files: where each is found, and what is true of what it declares. */

export interface DefinitionKindFacts {
  /** Folder below the project's root. */
  readonly folder: string;
  /** `<name>.<suffix>.ts`; null: every file of the folder. */
  readonly suffix: string | null;
  /** Whether its files are `<name>.v<number>…`: those are applied, served by version and retired. */
  readonly versioned: boolean;
  /** Whether a file may leave `.v1` out. */
  readonly firstUnnumbered?: boolean;
  /** Whether the stores keep the features that it declares, or a request computes them; null: it declares none. */
  readonly features: 'stored' | 'computed' | null;
  /** In a sentence; `long` where nothing else says what the name is of. */
  readonly noun: string;
  readonly long: string;
  /** The list of the catalogue in which they are. */
  readonly plural: string;
}

export type DefinitionKind =
  | 'table'
  | 'view'
  | 'on_demand'
  | 'service'
  | 'model'
  | 'label'
  | 'fact'
  | 'indicator'
  | 'job';

export const DEFINITION_KINDS = {
  table: {
    folder: 'tables',
    suffix: 'table',
    versioned: false,
    features: null,
    noun: 'source table',
    long: 'source table',
    plural: 'source tables',
  },
  view: {
    folder: 'features',
    suffix: 'view',
    versioned: true,
    features: 'stored',
    noun: 'view',
    long: 'feature view',
    plural: 'views',
  },
  on_demand: {
    folder: 'features',
    suffix: 'on_demand',
    versioned: true,
    features: 'computed',
    noun: 'on-demand view',
    long: 'on-demand view',
    plural: 'views',
  },
  service: {
    folder: 'features',
    suffix: 'service',
    versioned: true,
    features: null,
    noun: 'service',
    long: 'service',
    plural: 'services',
  },
  model: {
    folder: 'models',
    suffix: 'model',
    versioned: true,
    features: null,
    noun: 'model',
    long: 'model',
    plural: 'models',
  },
  label: {
    folder: 'labels',
    suffix: 'label',
    versioned: true,
    firstUnnumbered: true,
    features: null,
    noun: 'label',
    long: 'label',
    plural: 'labels',
  },
  fact: {
    folder: 'indicators',
    suffix: 'fact',
    versioned: true,
    firstUnnumbered: true,
    features: null,
    noun: 'fact',
    long: 'fact',
    plural: 'facts',
  },
  indicator: {
    folder: 'indicators',
    suffix: 'indicator',
    versioned: true,
    firstUnnumbered: true,
    features: null,
    noun: 'indicator',
    long: 'indicator',
    plural: 'indicators',
  },
  job: {
    folder: 'jobs',
    suffix: null,
    versioned: false,
    features: null,
    noun: 'job',
    long: 'job',
    plural: 'jobs',
  },
} as const satisfies Record<DefinitionKind, DefinitionKindFacts>;

type Kinds = typeof DEFINITION_KINDS;

/** Kinds with versions: the ledger of what is applied holds these, and no others. */
export type VersionedKind = { [K in DefinitionKind]: Kinds[K]['versioned'] extends true ? K : never }[DefinitionKind];

export const definitionKinds = Object.keys(DEFINITION_KINDS) as readonly DefinitionKind[];

export const versionedKinds = definitionKinds.filter((kind): kind is VersionedKind => DEFINITION_KINDS[kind].versioned);

/** Versioned kinds that declare features; what it declares is a view, and no two of them share a name. */
export type ViewDefinitionKind = {
  [K in VersionedKind]: Kinds[K]['features'] extends null ? never : K;
}[VersionedKind];

/** The folders of a project in which definitions lie. */
export const definitionFolders: readonly string[] = [
  ...new Set(definitionKinds.map((kind) => DEFINITION_KINDS[kind].folder)),
];

/** Of what a definition file is not, such as a column, nothing is true. */
const factsOf = (kind: DefinitionKind | 'column'): DefinitionKindFacts | null =>
  kind === 'column' ? null : DEFINITION_KINDS[kind];

export const isVersioned = (kind: DefinitionKind | 'column'): kind is VersionedKind =>
  factsOf(kind)?.versioned === true;
export const declaresView = (kind: DefinitionKind | 'column'): kind is ViewDefinitionKind =>
  (factsOf(kind)?.features ?? null) !== null;
export const declaresStored = (kind: DefinitionKind | 'column'): boolean => factsOf(kind)?.features === 'stored';

export const viewDefinitionKinds = definitionKinds.filter(declaresView);
export const storedDefinitionKinds = viewDefinitionKinds.filter(declaresStored);
export const computedDefinitionKinds = viewDefinitionKinds.filter((kind) => !declaresStored(kind));

/** The file of the version after that of a definition. */
export const nextFile = ({ file, version }: { readonly file: string; readonly version: number }): string =>
  file.replace(/(?:\.v\d+)?(\.[a-z_]+\.ts)$/, `.v${version + 1}$1`);
