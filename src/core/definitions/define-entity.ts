export interface EntityDefinition {
  readonly kind: 'entity';
  readonly name: string;
  /** Column names, in the order in which a key's values are given. */
  readonly joinKeys: readonly string[];
  readonly description: string;
}

export const defineEntity = (definition: Omit<EntityDefinition, 'kind'>): EntityDefinition =>
  Object.freeze({ kind: 'entity', ...definition });
