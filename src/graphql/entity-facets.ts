/** What the type of an entity has beside its feature views, and the root operations that answer with it. */
import type { EntityDefinition } from '../core/definitions/define-entity.js';
import type { Role } from '../core/ports/access.js';
import type { RequestContext } from './context.js';

/** An entity as its root found it. */
export interface EntityNode {
  readonly id: string;
  /** The knowledge time; null: now. */
  readonly asOf: number | null;
}

export interface FacetField {
  readonly name: string;
  readonly type: () => unknown;
  readonly nullable?: true;
  readonly description: string;
  /** How many items a list holds, about. */
  readonly items?: number;
  readonly resolve: (node: EntityNode, context: RequestContext) => unknown;
}

export interface EntityFacet {
  /** Of the root that every entity has; absent where one of the operations is the root. */
  readonly root?: {
    /** The key that the text of a caller names, as views hold it. BAD_USER_INPUT where it is none. */
    readonly keyOf: (id: string) => string;
    /** Roles that read the entity beside those that read every one. */
    readonly alsoFor: readonly Role[];
  };
  /** The entity where the definitions declare none of its name: the operations are there in any case. */
  readonly entity?: EntityDefinition;
  /** An object type whose fields the type of the entity has, `id` among them. */
  readonly base?: new () => object;
  readonly fields: readonly FacetField[];
  /** Resolvers of further operations. `type` is the object type of the entity in the schema that is built. */
  readonly operations: (type: NewableFunction) => readonly NewableFunction[];
}
