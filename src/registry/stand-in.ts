import type { EntityDefinition } from '../core/definitions/define-entity.js';
import type { ViewSchedule } from '../core/definitions/define-view.js';
import type { AnyView, Feature, Service, View } from '../core/definitions/definitions.js';
import { ident, join, raw, sql } from '../core/definitions/sql.js';
import { clickhouseType, isArrayType } from '../core/definitions/types.js';
import { parseDuration } from '../core/helpers/time.js';
import type { SourceTables } from '../core/lending/sources.js';
import type { PublishedDefinition } from '../core/ports/serving.js';
import { resolveReferences } from './references.js';

const quoted = (type: string): string => `'${type.replaceAll("'", "\\'")}'`;

/** A stored view as it was published: its values are read as before; its query, which was not published, fails and says why. */
export function standIn(
  { name, version, id, hash, snapshot }: PublishedDefinition,
  entity: EntityDefinition,
  { reason, tables }: { readonly reason: string; readonly tables: SourceTables },
): View {
  const facts = snapshot as unknown as Pick<View, 'description' | 'owner' | 'file' | 'ttlMs' | 'maxAgeMs'> & {
    readonly schedule: ViewSchedule;
    readonly features: readonly Feature[];
    readonly tags?: readonly string[];
    readonly sources?: readonly string[];
    readonly tombstone?: string;
  };
  const { description, owner, file, schedule, ttlMs, maxAgeMs, features, tags = [], tombstone } = facts;
  const columns = [
    ...entity.joinKeys.map((key) => sql`'' AS ${ident(key)}`),
    ...features.map(({ name: feature, type }) => {
      const none = isArrayType(type) ? '[]' : 'NULL';
      return sql`CAST(${raw(none)}, ${raw(quoted(clickhouseType(type)))}) AS ${ident(feature)}`;
    }),
    ...(tombstone ? [sql`false AS ${ident(tombstone)}`] : []),
  ];
  const words = `its file ${file} is refused: ${reason}`;
  return Object.freeze({
    name,
    version,
    id,
    hash,
    file,
    entity,
    description,
    owner,
    tags,
    schedule,
    features,
    ...(tombstone && { tombstone }),
    delayMs: parseDuration(schedule.delay),
    deadlineMs: schedule.deadline === undefined ? null : parseDuration(schedule.deadline),
    ttlMs: ttlMs ?? null,
    maxAgeMs: maxAgeMs ?? null,
    sources: facts.sources ?? [],
    origin: {
      kind: 'query' as const,
      tables,
      query: () =>
        sql`SELECT ${join(columns)} FROM (SELECT throwIf(materialize(1), ${words}) AS refused) WHERE refused = 0`,
    },
  });
}

/** A service as it was published; null where something that it lists is not loaded. */
export function serviceStandIn(
  { name, version, id, hash, snapshot }: PublishedDefinition,
  views: Parameters<typeof resolveReferences<AnyView>>[1],
): Service | null {
  const {
    description,
    owner,
    file,
    features = [],
  } = snapshot as unknown as Pick<Service, 'description' | 'owner' | 'file'> & {
    readonly features?: readonly string[];
  };
  const missing: string[] = [];
  const refs = resolveReferences<AnyView>(features, views, (problem) => missing.push(problem));
  return missing.length > 0
    ? null
    : Object.freeze({ name, version, id, hash, file, description, owner, features: refs });
}
