import type { EntityDefinition } from '../core/definitions/define-entity.js';
import type { FeatureViewSpec, ViewQueryContext } from '../core/definitions/define-view.js';
import type { Feature, View } from '../core/definitions/definitions.js';
import { instantSql, param, raw, sql } from '../core/definitions/sql.js';
import { mayExceed, spanProblem, spanText } from '../core/helpers/span.js';
import { DAY, HOUR, parseDuration } from '../core/helpers/time.js';
import { viewReads } from '../core/lending/retention.js';
import { columnsRead } from '../core/lending/source-sql.js';
import { keyFilterOf } from '../core/lending/source-where.js';
import type { SourceTables } from '../core/lending/sources.js';
import { isDeclared } from './references.js';
import type { DefinitionFile } from './scan.js';

const NAME = /^[a-z][a-z0-9_]*$/;
/** Column names of history, training sets and statuses. */
const RESERVED = new Set([
  'event_time',
  'available_at',
  'sequence',
  'tombstone',
  'event_timestamp',
  'eff',
  'ord',
  'row_id',
]);

export type Report = (problem: string) => void;

export function duration(text: string | undefined, what: string, report: Report): number | null {
  if (text === undefined) return null;
  try {
    return parseDuration(text);
  } catch {
    report(`${what} '${text}' is not a duration such as '2h' or '400d'`);
    return null;
  }
}

/** The tables that a view's query reads, found by running it with sources that only note their name. */
function sourcesOf(spec: FeatureViewSpec, tables: SourceTables, report: Report): string[] {
  const used = new Set<string>();
  const date = sql`${param('Date', '2026-01-01')}`;
  const instant = instantSql(Date.UTC(2026, 0, 1));
  const context: ViewQueryContext = {
    source: (name, { where, columns } = {}) => {
      used.add(name);
      const table = tables.find(name);
      if (where && table) keyFilterOf(table, where);
      if (table) columnsRead(table, columns);
      return raw('(SOURCE)');
    },
    asOf: { instant, date, minusDays: () => instant, minusMonths: () => instant },
    timezone: sql`${'UTC'}`,
  };
  try {
    const { query } = spec.query(context).render();
    checkRawTables(query, report);
  } catch (cause) {
    report(`the query does not render: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  checkRetentions(spec, tables, report);
  for (const table of used) {
    if (!tables.find(table)) report(`source('${table}') is not a source table; define it in tables/${table}.table.ts`);
    if (table === 'labels') report("source('labels'): a label is never a feature");
  }
  return [...used].sort();
}

/** A view that looks back further than a table keeps its rows would count those that are not there as none. */
function checkRetentions(spec: FeatureViewSpec, tables: SourceTables, report: Report): void {
  const { sources, moves } = viewReads(spec.query);
  const kept = sources.flatMap(({ table: name, within }) => {
    const table = tables.find(name);
    const problem = within === null ? null : spanProblem(within);
    if (problem !== null) report(`source('${name}', { within }): ${problem}`);
    if (within !== null && table?.eventTime.kind === 'always') {
      report(`source('${name}', { within }): ${name} has no event time`);
    }
    return table?.retention ? [{ name, within, retention: table.retention }] : [];
  });
  for (const { name, within, retention } of kept) {
    const keeps = `${name} keeps its rows for ${spanText(retention)}`;
    if (within !== null && mayExceed(within, retention)) {
      report(`source('${name}', { within }) looks back ${spanText(within)}, and ${keeps}`);
    }
    const far = within === null ? moves.find((move) => mayExceed(move, retention)) : undefined;
    if (far) {
      report(
        `looks back ${spanText(far)}, and ${keeps}: look back less, or say in source('${name}', { within }) how much of ${name} is read`,
      );
    }
  }
}

/** A name after FROM or JOIN must be a source or a common table expression of the query itself: anything else would dodge time. */
export function checkRawTables(query: string, report: Report): void {
  const text = query.replace(/'(?:[^'\\]|\\.)*'/g, "''").replace(/--.*$/gm, '');
  const expressions = new Set(
    [...text.matchAll(/(?:\bWITH|,)\s+`?(\w+)`?\s+AS\s*\(/gi)].map((match) => match[1] as string),
  );
  for (const [, list] of text.matchAll(/\b(?:FROM|JOIN)\s+((?:[\w.`]+(?:\s+AS)?(?:\s+\w+)?\s*,\s*)*[\w.`(]+)/gi)) {
    for (const item of (list as string).split(',')) {
      const name = item.trim().split(/\s+/)[0]?.replaceAll('`', '') ?? '';
      if (name.startsWith('(') || expressions.has(name) || name === '') continue;
      report(`the query reads '${name}' by name; read tables through source('…') only`);
    }
  }
}

/** Checks a feature, or an input that is declared like one. */
export function checkFeature(feature: Feature, joinKeys: readonly string[], report: Report, what = 'feature'): void {
  const where = `${what} ${feature.name}`;
  if (!NAME.test(feature.name)) report(`${where}: the name must be snake_case`);
  if (feature.name.includes('__')) report(`${where}: '__' divides view and feature in column names`);
  if (RESERVED.has(feature.name) || joinKeys.includes(feature.name)) report(`${where}: the name is reserved`);
  if (!feature.description) report(`${where}: has no description`);
  if (feature.declassify !== undefined) {
    if (what !== 'feature') report(`${where}: declassify is for features, and what the caller brings is none`);
    if (feature.declassify.trim() === '')
      report(`${where}: declassify says no reason: write why the value is not personal`);
    if (feature.tags?.includes('pii')) report(`${where}: it is tagged 'pii' and declassified: take one of them out`);
  }
  if (feature.length !== undefined && feature.pad === undefined) report(`${where}: has a length but no pad`);
}

/** Beyond the delay of the next as-of, that one would wait in its turn, and no as-of would ever be computed. */
function checkDeadline(
  schedule: FeatureViewSpec['schedule'] | undefined,
  { delayMs, deadlineMs }: Pick<View, 'delayMs' | 'deadlineMs'>,
  report: Report,
): void {
  if (!schedule || deadlineMs === null) return;
  const interval = schedule.every === 'hour' ? HOUR : DAY;
  if (deadlineMs < delayMs) report(`deadline '${schedule.deadline}' is before its delay of '${schedule.delay}'`);
  if (deadlineMs > delayMs + interval) {
    report(
      `deadline '${schedule.deadline}' is after the next as-of is due: at most one ${schedule.every} longer than its delay of '${schedule.delay}'`,
    );
  }
}

/** Builds a view from its file and reports everything that is wrong with it. */
export function checkView(
  definition: DefinitionFile,
  spec: FeatureViewSpec,
  { entities, tables }: { readonly entities: ReadonlyMap<string, EntityDefinition>; readonly tables: SourceTables },
  report: Report,
): Omit<View, 'hash'> {
  if (!isDeclared(spec.entity, entities)) {
    report(`its entity '${spec.entity?.name ?? '?'}' is not one that features/entities.ts exports`);
  }
  if (!spec.owner) report('has no owner');
  if (!spec.description) report('has no description');
  const delayMs = duration(spec.schedule?.delay, 'delay', report) ?? 0;
  const deadlineMs = duration(spec.schedule?.deadline, 'deadline', report);
  checkDeadline(spec.schedule, { delayMs, deadlineMs }, report);
  const ttlMs = duration(spec.ttl, 'ttl', report);
  const maxAgeMs = duration(spec.maxAge, 'maxAge', report);
  if (ttlMs === 0) report('ttl 0 is refused: leave it out for unbounded');
  if (ttlMs !== null && maxAgeMs !== null && maxAgeMs > ttlMs) report('maxAge is longer than ttl');
  if (!['ends', 'keeps', undefined].includes(spec.absent))
    report(`absent '${spec.absent}' is neither 'ends' nor 'keeps'`);
  const names = Object.keys(spec.features);
  if (names.length === 0) report('has no features');
  const features: Feature[] = names.map((name) => ({ name, ...spec.features[name] }) as Feature);
  for (const feature of features) checkFeature(feature, spec.entity?.joinKeys ?? [], report);
  const sources = sourcesOf(spec, tables, report);
  const { name, version, id, file } = definition;
  const { query, ...rest } = spec;
  return {
    ...rest,
    origin: { kind: 'query', query, tables },
    name,
    version,
    id,
    file,
    tags: spec.tags ?? [],
    features,
    delayMs,
    deadlineMs,
    ttlMs,
    maxAgeMs,
    sources,
  };
}
