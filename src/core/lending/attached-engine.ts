/** How a table of a ClickHouse engine is read, so that a row counts as the engine means it: engines that replace or cancel rows do so at a time of their own. */

export interface EngineReading {
  /** Whether it is read with FINAL, which does at the read what the engine does later. */
  readonly final: boolean;
  /** Why it cannot be attached, with what to do; null where it can. */
  readonly problem: string | null;
  /** What to know of it before it is applied. */
  readonly notes: readonly string[];
}

const REPLACES = /^(?:Replicated|Shared)?(?:Replacing|Collapsing|VersionedCollapsing)MergeTree$/;
const COMBINES = /(?:Aggregating|Summing|Coalescing|Graphite)MergeTree$/;
const READS_OTHERS = /^(?:MaterializedView|Distributed|Merge|Buffer|Alias)$/;

/** @param table as `database.table` */
export function readingOf(table: string, engine: string): EngineReading {
  const problem = problemOf(engine);
  const final = REPLACES.test(engine);
  const notes = final
    ? [
        `${table} is a ${engine}: it is read with FINAL, and a row that was replaced or cancelled there is gone, for training sets of the past too`,
      ]
    : [];
  return { final, problem: problem === null ? null : `${table} is a ${engine}, ${problem}`, notes };
}

function problemOf(engine: string): string | null {
  if (COMBINES.test(engine)) {
    return 'which combines rows at a time of its own: attach a view that combines them as it reads (CREATE VIEW … AS SELECT … GROUP BY …)';
  }
  if (READS_OTHERS.test(engine)) {
    return 'and the engines of the tables behind it are not known here: attach the table itself, or a view of it that says FINAL where its engine needs it';
  }
  return null;
}
