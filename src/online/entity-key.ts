import type { EntityDefinition } from '../core/definitions/define-entity.js';
import type { EntityKey } from '../core/ports/offline.js';

/** Format of keys and of their hashes. */
const FORMAT = 'o1';

/** The prefix of every key of the entity, and of no other key. */
export const entityPrefix = (prefix: string, entity: Pick<EntityDefinition, 'name'>): string =>
  `${prefix}:${FORMAT}:${entity.name}:`;

/** The prefix of every key of the online store. */
export const storePrefix = (prefix: string): string => `${prefix}:${FORMAT}:`;

/**
 * `riskgraph:o1:customer_device:s2:C1s3:D23`: each part with its type (s: string) and its length in bytes, so that ("1","23") and
 * ("12","3") differ.
 */
export const entityKey = (prefix: string, entity: Pick<EntityDefinition, 'name'>, key: EntityKey): string =>
  entityPrefix(prefix, entity) + key.map((part) => `s${Buffer.byteLength(part)}:${part}`).join('');

/** A key that belongs to no entity and is as long as the entity's own, so that its memory can be measured in its place. */
export const scratchKey = (prefix: string, entity: Pick<EntityDefinition, 'name'>, key: EntityKey): string =>
  `${prefix}:x1:${entityKey(prefix, entity, key).slice(storePrefix(prefix).length)}`;
