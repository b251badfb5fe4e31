import type { AttachedSpec, PositionSpec, TableSpec } from '../core/definitions/define-table.js';
import { spanProblem } from '../core/helpers/span.js';
import { parseDuration } from '../core/helpers/time.js';
import { datumColumn, POSITION_COLUMNS } from '../core/lending/position-columns.js';
import { type SourceTable, tableOf } from '../core/lending/source-columns.js';
import { VERSION_COLUMNS } from '../core/lending/sources.js';
import type { Report } from './check.js';

const NAME = /^[a-z][a-z0-9_]*$/;

/** Builds a source table from its file and reports everything that is wrong with it; null where something is. `definedBy`: the file of a project. */
export function checkTable(
  name: string,
  spec: TableSpec,
  report: Report,
  definedBy: SourceTable['definedBy'] = null,
): SourceTable | null {
  let good = true;
  const refuse: Report = (problem) => {
    good = false;
    report(problem);
  };
  if (!spec.description) refuse('has no description');
  const names = Object.keys(spec.columns);
  for (const column of names) {
    const { description, type, nullable } = spec.columns[column] as TableSpec['columns'][string];
    if (!NAME.test(column)) refuse(`column '${column}': the name must be snake_case`);
    if (column in VERSION_COLUMNS) refuse(`column '${column}': every table has it, do not declare it`);
    if (!description) refuse(`column '${column}': has no description`);
    if (nullable && /Map$|Array$/.test(type))
      refuse(`column '${column}': a ${type} is empty where there is none, and not opt(…)`);
    if (spec.key.includes(column) && nullable) refuse(`column '${column}': a key column cannot be opt(…)`);
    if (spec.key.includes(column) && /Map$|Array$/.test(type)) refuse(`column '${column}': a key cannot be a ${type}`);
  }
  const named = [
    ...spec.key.map((column) => ['key', column] as const),
    ...(typeof spec.eventTime === 'string' ? [['eventTime', spec.eventTime] as const] : []),
    ...(typeof spec.eventTime === 'object' ? [['eventTime', spec.eventTime.column] as const] : []),
    ...(spec.knownAt === undefined ? [] : [['knownAt', spec.knownAt] as const]),
  ];
  for (const [what, column] of named) {
    if (!names.includes(column)) refuse(`${what} names '${column}', which is no column of it`);
  }
  for (const column of named.flatMap(([what, name]) => (what === 'eventTime' ? [name] : []))) {
    if (spec.columns[column]?.nullable)
      refuse(`eventTime '${column}' cannot be opt(…): a row without it would be seen by no view`);
  }
  if (spec.key.length === 0) refuse('has no key');
  checkCompleteness(spec, refuse);
  checkKeeping(spec, refuse);
  if (spec.position) checkPosition(spec, spec.position, refuse);
  if (spec.attached) checkAttached(spec, spec.attached, refuse);
  return good ? tableOf(name, spec, definedBy) : null;
}

const BY: readonly unknown[] = ['marked', 'arrival'] satisfies readonly TableSpec['completeness'][];

function checkCompleteness({ completeness, completeWithin, eventTime }: TableSpec, refuse: Report): void {
  if (completeness !== undefined && !BY.includes(completeness)) {
    refuse(`completeness is '${String(completeness)}': write 'marked' or 'arrival'`);
  }
  if (completeness === 'arrival' && eventTime === undefined) {
    refuse("completeness 'arrival' goes by the event time of rows: name an eventTime, or write 'marked'");
  }
  if (completeWithin === undefined) return;
  if (completeness === undefined) refuse('completeWithin is for a table with completeness');
  try {
    parseDuration(completeWithin);
  } catch (cause) {
    refuse(`completeWithin: ${(cause as Error).message}`);
  }
}

const PARTITIONS: readonly unknown[] = ['month', 'year'] satisfies readonly TableSpec['partition'][];

function checkKeeping({ partition, retention, eventTime, attached }: TableSpec, refuse: Report): void {
  if (partition !== undefined && !PARTITIONS.includes(partition)) {
    refuse(`partition is '${String(partition)}': write 'month' or 'year'`);
  }
  const problem = retention === undefined ? null : spanProblem(retention);
  if (problem !== null) refuse(`retention: ${problem}`);
  for (const [what, value] of Object.entries({ partition, retention })) {
    if (value === undefined) continue;
    if (eventTime === undefined) refuse(`${what} goes by the event time of rows: name an eventTime, or take it out`);
    if (attached)
      refuse(`${what} is for tables that the platform fills: ${attached.table} is kept as its owner keeps it`);
  }
}

function checkPosition({ columns, attached }: TableSpec, position: PositionSpec, refuse: Report): void {
  const { latitude, longitude, mocked } = position;
  const datum = datumColumn(position);
  const types = [
    ...[latitude, longitude].map((name) => [name, 'Float64'] as const),
    ...(datum === null ? [] : [[datum, 'String'] as const]),
    ...(mocked === undefined ? [] : [[mocked, 'UInt8'] as const]),
  ];
  for (const [name, type] of types) {
    if (!(name in columns)) refuse(`position names '${name}', which is no column of it`);
    else if (columns[name]?.type !== type) refuse(`position names '${name}', which is no ${type}`);
  }
  for (const name of Object.keys(POSITION_COLUMNS)) {
    if (name in columns) refuse(`column '${name}': it comes with the position, do not declare it`);
  }
  if (attached) refuse('position is for imports, which compute its columns: an attached table is read as it is');
}

function checkAttached({ columns, knownAt, hidden }: TableSpec, attached: AttachedSpec, refuse: Report): void {
  if (!/^\w+\.\w+$/.test(attached.table)) refuse(`attached.table names '${attached.table}': write database.table`);
  for (const name of Object.keys(attached.columns ?? {})) {
    if (!(name in columns)) refuse(`attached.columns derives '${name}', which is no column of it`);
  }
  if (knownAt !== undefined) refuse('knownAt is for imports: attached.knowledgeTime says since when a row is known');
  if (hidden !== undefined) refuse('hidden is for imports: derive the column in attached.columns');
}
