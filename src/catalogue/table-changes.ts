/** What a plan changes of the source tables of a project: new tables, new columns, and tables whose file is gone. */
import type { Registry } from '../core/definitions/registry.js';
import { isUnprotected } from '../core/lending/attached.js';
import type { SourceTable } from '../core/lending/sources.js';
import type { PublishedTable } from '../core/lending/table-fit.js';
import type { PlanChange, PlanTouch } from '../core/ports/catalogue.js';
import type { PublishedDefinition } from '../core/ports/serving.js';
import { inForce, spoken } from './published.js';

const NOTHING = { version: 1, pins: [], breaks: [], touches: [], cost: null, notes: [] } as const;

/** The definitions on disk that read a table. */
const readers = ({ views, labels }: Registry, table: string): readonly PlanTouch[] =>
  [
    ...[...views.values()].map((view) => ({ ...view, kind: 'view' as const })),
    ...[...labels.values()].map((label) => ({ ...label, kind: 'label' as const })),
  ]
    .filter(({ sources }) => sources.includes(table))
    .map(({ kind, id }) => ({ kind, id, effect: 'READS' as const }));

/** What an attached table costs: how its engine is read, and what a missing knowledge time leaves open. */
const notesOf = (table: SourceTable): readonly string[] => [
  ...(table.notes ?? []),
  ...(isUnprotected(table)
    ? [
        `${table.attached?.table} says no knowledgeTime: each row counts as known since it happened, so a value that is corrected later is in training sets of the past as if it had been known then`,
      ]
    : []),
  ...(table.attached === null
    ? []
    : [
        `no import brings rows of ${table.attached.table}, so those that come late make no as-of due again: riskgraph materialize --republish publishes with them`,
      ]),
];

const RETOLD = 'its file says something else of what its values mean or allow; nothing of what is stored changes';

function changesOf(table: SourceTable, disk: Registry, applied: PublishedTable | undefined): readonly PlanChange[] {
  const { name, description, planned, columns, definedBy } = table;
  if (planned === undefined) {
    // A table that is served in part has no hash: its file is refused, or says more than this process has taken up.
    const isOther =
      applied !== undefined && definedBy !== null && definedBy.hash !== '' && definedBy.hash !== applied.hash;
    return isOther
      ? [{ ...NOTHING, action: 'CHANGE', kind: 'table', name, id: name, description, notes: [RETOLD] }]
      : [];
  }
  if (planned === 'TABLE') {
    const [touches, notes] = [readers(disk, name), notesOf(table)];
    return [{ ...NOTHING, action: 'ADD', kind: 'table', name, id: name, description, touches, notes }];
  }
  if (planned.length === 0) {
    const [touches, notes] = [readers(disk, name), table.notes ?? []];
    return [{ ...NOTHING, action: 'CHANGE', kind: 'table', name, id: name, description, touches, notes }];
  }
  return columns
    .filter((column) => planned.includes(column.name))
    .map((column) => {
      const id = `${name}.${column.name}`;
      const notes = table.notes ?? [];
      return { ...NOTHING, action: 'ADD', kind: 'column', name: id, id, description: column.description, notes };
    });
}

/** Tables whose file is gone: their rows stay where they are. */
const gone = (disk: Registry, tables: readonly PublishedTable[]): readonly PublishedTable[] =>
  tables.filter(
    ({ name }) =>
      !disk.tables.find(name) &&
      !disk.refused.some(({ defines }) => defines?.kind === 'table' && defines.id === `${name}@1`),
  );

export function tableChanges(
  disk: Registry,
  tables: readonly PublishedTable[],
  published: readonly PublishedDefinition[],
  /** What the same plan changes of definitions: what it retires reads no table any more. */
  others: readonly PlanChange[],
): { readonly changes: readonly PlanChange[]; readonly problems: readonly string[] } {
  const retired = new Set(others.filter(({ action }) => action === 'RETIRE').map(({ kind, id }) => `${kind} ${id}`));
  const staying = inForce(published).filter(({ kind, id }) => !retired.has(`${kind} ${id}`));
  const lost = gone(disk, tables).map(({ name }) => ({
    name,
    by: staying.filter(({ snapshot }) => (snapshot.sources as readonly string[] | undefined)?.includes(name)),
  }));
  return {
    changes: [
      ...disk.tables.all.flatMap((table) =>
        changesOf(
          table,
          disk,
          tables.find(({ name }) => name === table.name),
        ),
      ),
      ...lost.map(
        ({ name }): PlanChange => ({
          ...NOTHING,
          action: 'RETIRE',
          kind: 'table',
          name,
          id: name,
          description: null,
          notes: ['its rows stay in the store; put the file back to read them again'],
        }),
      ),
    ],
    problems: lost
      .filter(({ by }) => by.length > 0)
      .map(
        ({ name, by }) =>
          `the file of the source table ${name} is gone, and ${by.map(spoken).join(', ')} read${by.length > 1 ? '' : 's'} it: put it back, or retire those first`,
      ),
  };
}
