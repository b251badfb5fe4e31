/** Whether attached tables can be read as their files say, and how. */
import type { AttachedSpec } from '../core/definitions/define-table.js';
import { sql } from '../core/definitions/sql.js';
import { type Derivation, derivationsOf, derivedSelect } from '../core/lending/attached.js';
import { type EngineReading, readingOf } from '../core/lending/attached-engine.js';
import { bareType, holdsAll } from '../core/lending/attached-types.js';
import type { SourceTable } from '../core/lending/sources.js';
import { expressionProblems } from './attached-expressions.js';
import type { ClickHouse } from './client.js';
import { refusalOf } from './failures.js';

export interface AttachedTable extends SourceTable {
  readonly attached: AttachedSpec;
}

/** Null where the platform's role sees no such table. */
export async function engineReading(clickhouse: ClickHouse, { table }: AttachedSpec): Promise<EngineReading | null> {
  const [database = '', name = ''] = table.split('.');
  const [row] = await clickhouse.tuples<readonly [string]>(
    'migrate',
    sql`SELECT engine FROM system.tables WHERE database = ${database} AND name = ${name}`,
  );
  return row ? readingOf(table, row[0]) : null;
}

/** What each of some expressions is, or the words in which ClickHouse refuses them together. */
type Described =
  | { readonly types: readonly string[]; readonly problems: readonly (readonly string[])[]; readonly words: null }
  | { readonly words: string };

async function describe(
  clickhouse: ClickHouse,
  derivations: readonly Derivation[],
  attached: AttachedSpec,
): Promise<Described> {
  // FINAL changes no type.
  const select = derivedSelect(derivations, attached, { final: false });
  try {
    const rows = await clickhouse.tuples<readonly [string, string]>('attached-describe', sql`DESCRIBE (${select})`, {
      refusalIsAnswer: true,
    });
    return {
      types: rows.map(([, type]) => type),
      problems: await expressionProblems(clickhouse, select),
      words: null,
    };
  } catch (error) {
    return { words: (refusalOf(error) ?? (error as Error)).message };
  }
}

/** Whether ClickHouse refuses an expression over the attached table; one that cannot be asked now is not refused. */
export async function isRefused(clickhouse: ClickHouse, attached: AttachedSpec, expression: string): Promise<boolean> {
  const one = { name: 'one', expression, type: 'String', nullable: false } as const;
  const select = derivedSelect([one], attached, { final: false });
  return clickhouse
    .tuples('attached-describe', sql`DESCRIBE (${select})`, { refusalIsAnswer: true })
    .then(() => false)
    .catch((error: unknown) => refusalOf(error) !== null);
}

/** Why the attached table cannot be read as its file says, each with what to do; none where it can. */
export async function unreadable(
  clickhouse: ClickHouse,
  table: AttachedTable,
  reading: EngineReading | null,
): Promise<readonly string[]> {
  const { attached } = table;
  const derivations = derivationsOf(table, attached);
  const all = await describe(clickhouse, derivations, attached);
  if (all.words === null) return [...engineProblems(attached, reading), ...problemsOf(derivations, all, attached)];
  const one = { name: 'one', expression: '1', type: 'UInt8', nullable: false } as const;
  const readable = await describe(clickhouse, [one], attached);
  if (readable.words !== null) {
    return [
      `${attached.table} cannot be read: ${readable.words}: create it, or let the platform's role read it (GRANT SELECT ON ${attached.table} TO …)`,
    ];
  }
  const problems: string[] = [...engineProblems(attached, reading)];
  let explained = false;
  for (const derivation of derivations) {
    const alone = await describe(clickhouse, [derivation], attached);
    const found =
      alone.words === null
        ? problemsOf([derivation], alone, attached)
        : [
            `'${derivation.name}' cannot be derived of ${attached.table}: ${alone.words}: say in \`attached\` how it is`,
          ];
    problems.push(...found);
    explained ||= found.length > 0;
  }
  // Each passes alone, and not beside the others.
  if (!explained) problems.push(`its columns cannot be derived of ${attached.table} together: ${all.words}`);
  return problems;
}

function engineProblems({ table }: AttachedSpec, reading: EngineReading | null): readonly string[] {
  if (reading === null) {
    return [
      `the engine of ${table} cannot be seen: let the platform's role see it (GRANT SHOW TABLES ON ${table} TO …)`,
    ];
  }
  return reading.problem === null ? [] : [reading.problem];
}

const problemsOf = (
  derivations: readonly Derivation[],
  { types, problems }: Extract<Described, { readonly words: null }>,
  attached: AttachedSpec,
): readonly string[] =>
  derivations.flatMap((derivation, index) => [
    ...(problems[index] ?? []).map((problem) => `'${derivation.name}' cannot be derived so: ${problem}`),
    ...typeProblem(derivation, types[index] ?? '', attached),
  ]);

function typeProblem(
  { name, type: ours, nullable }: Derivation,
  stored: string,
  { table }: AttachedSpec,
): readonly string[] {
  const found = bareType(stored);
  if (!holdsAll(ours, found.type)) {
    return [
      `'${name}' is ${stored} in ${table}, which ${ours} does not hold: give \`attached\` an expression that converts it`,
    ];
  }
  if (found.nullable && !nullable) {
    return [
      `'${name}' may be NULL in ${table}: write opt(…), or give \`attached\` an expression that says what stands for it`,
    ];
  }
  return [];
}
