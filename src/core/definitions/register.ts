/**
 * Names that an editor completes in definition files. A project's `riskgraph.gen.d.ts`, which `riskgraph check --write` writes, adds those of its tables
 * and features to `Register`; without that file a name is any text. So it is for a name that the file does not have yet: whether it is there, the check says.
 */

// biome-ignore lint/suspicious/noEmptyInterface: a project's file adds its members
export interface Register {}

type Known<Part extends 'tables' | 'features'> = Register extends { readonly [K in Part]: infer Names }
  ? Names
  : Record<never, never>;
type Completed<Names> = (Names & string) | (string & {});
type ViewOf<Reference> = Reference extends `${infer View}:${string}` ? View : never;

/** Name of a source table. */
export type TableName = Completed<keyof Known<'tables'>>;
/** Name of a column of a source table. */
export type ColumnName<Table> = Completed<Table extends keyof Known<'tables'> ? keyof Known<'tables'>[Table] : never>;
/** `view@version:feature` */
export type FeatureReference = Completed<keyof Known<'features'>>;
/** `view@version:feature`, or `view@version` for all features of a view. */
export type FeatureSelection = Completed<keyof Known<'features'> | ViewOf<keyof Known<'features'>>>;
