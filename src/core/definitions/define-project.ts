import type { TableSpec } from './define-table.js';

/** What a project says of a table that comes with the platform. */
export type ProjectTable = Pick<TableSpec, 'completeness' | 'completeWithin'>;

export interface ProjectSpec {
  /**
   * Which of the product's definitions the project takes: all of them, the default; none; or those of a list, each a name (`payment_rhythm`), a name
   * with its version (`b_score@1`) or a folder (`indicators/`). What the platform itself needs, its jobs and source tables, is always there.
   */
  readonly starter?: 'all' | 'none' | readonly string[];
  /**
   * When days of the product's source tables are whole, by the name of the table, as `{ repayments: { completeness: 'marked', completeWithin: '6h' } }`. A
   * table of the project's own says it in its file.
   */
  readonly tables?: Readonly<Record<string, ProjectTable>>;
}

/** The content of `riskgraph.config.ts`. */
export const defineProject = (spec: ProjectSpec): { kind: 'project' } & ProjectSpec =>
  Object.freeze({ kind: 'project', ...spec });
