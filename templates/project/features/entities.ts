/** What features describe: the entities of the product, and yours. Each is one line of `defineEntity({ name, joinKeys, description })`. */
export * from 'riskgraph/entities';
