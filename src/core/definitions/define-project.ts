export interface ProjectSpec {
  /**
   * Which of the product's definitions the project takes: all of them, the default; none; or those of a list, each a name (`payment_rhythm`), a name
   * with its version (`b_score@1`) or a folder (`indicators/`). What the platform itself needs, its jobs and source tables, is always there.
   */
  readonly starter?: 'all' | 'none' | readonly string[];
}

/** The content of `riskgraph.config.ts`. */
export const defineProject = (spec: ProjectSpec): { kind: 'project' } & ProjectSpec =>
  Object.freeze({ kind: 'project', ...spec });
