import type { GraphQLSchema } from 'graphql';
import { ROLES, type Role } from '../core/ports/access.js';

const CATALOGUE: readonly Role[] = ['admin', 'modeler', 'decision', 'bi'];
const ONLINE: readonly Role[] = ['admin', 'modeler', 'decision'];
const MODELING: readonly Role[] = ['admin', 'modeler'];
const REPORTS: readonly Role[] = ['admin', 'modeler', 'bi'];
const ADMIN: readonly Role[] = ['admin'];

/** Who may do what: every operation of the graph, each once. */
export const OPERATION_ROLES: Readonly<Record<string, readonly Role[]>> = {
  'Query.entities': CATALOGUE,
  'Query.featureViews': CATALOGUE,
  'Query.featureView': CATALOGUE,
  'Query.features': CATALOGUE,
  'Query.featureViewDiff': CATALOGUE,
  'Query.featureProfile': CATALOGUE,
  'Query.lineage': CATALOGUE,
  'Query.featureServices': CATALOGUE,
  'Query.featureService': CATALOGUE,
  'Query.models': CATALOGUE,
  'Query.model': CATALOGUE,
  'Query.onlineFeatures': ONLINE,
  'Query.customer': ONLINE,
  'Query.device': ONLINE,
  'Query.score': ONLINE,
  'Query.historicalFeatures': MODELING,
  'Query.trainingSets': MODELING,
  'Query.trainingSet': MODELING,
  'Query.indicators': REPORTS,
  'Query.indicatorTable': REPORTS,
  'Query.job': MODELING,
  'Query.jobs': MODELING,
  'Query.freshness': MODELING,
  'Query.quarantine': MODELING,
  'Query.backfillEstimate': MODELING,
  'Mutation.createTrainingSet': MODELING,
  'Mutation.rebuildTrainingSet': MODELING,
  'Mutation.materialize': ADMIN,
  'Mutation.backfill': ADMIN,
  'Mutation.scorePortfolio': ADMIN,
  'Mutation.profileFeatures': ADMIN,
  'Mutation.deriveLoanSnapshots': ADMIN,
  'Mutation.cancelJob': ADMIN,
  'Mutation.planRegistry': ADMIN,
  'Mutation.applyRegistry': ADMIN,
  'Mutation.retireFeatureView': ADMIN,
  'Mutation.pruneFeatureView': ADMIN,
  'Subscription.jobProgress': MODELING,
};

/** The same for plain HTTP; routes without a key are not here. */
export const ROUTE_ROLES = {
  'POST /import/:table': ['admin', 'ingest'],
  'GET /training-sets/:id': MODELING,
  'GET /indicators.csv': REPORTS,
  'GET /indicators.json': REPORTS,
  'GET /indicators.parquet': REPORTS,
  'GET /metrics': ADMIN,
} as const satisfies Readonly<Record<string, readonly Role[]>>;

export type GuardedRoute = keyof typeof ROUTE_ROLES;

/** Operations of the schema, as `Query.entities`. */
export const operationsOf = (schema: GraphQLSchema): string[] =>
  [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) =>
    type ? Object.keys(type.getFields()).map((field) => `${type.name}.${field}`) : [],
  );

/** Fails where an operation has no declared role; a role table that is not whole would fail open or by surprise. */
export function checkRoles(schema: GraphQLSchema): void {
  const undeclared = operationsOf(schema).filter((operation) => !(operation in OPERATION_ROLES));
  if (undeclared.length > 0) throw new Error(`operations without a declared role: ${undeclared.join(', ')}`);
}

/** The README's table role × operation, in Markdown. */
export function roleTable(): string {
  const rows = [...Object.entries(OPERATION_ROLES), ...Object.entries<readonly Role[]>(ROUTE_ROLES)].map(
    ([operation, allowed]) =>
      `| \`${operation}\` | ${ROLES.map((role) => (allowed.includes(role) ? '✓' : '')).join(' | ')} |`,
  );
  return [`| Operation | ${ROLES.join(' | ')} |`, `|---|${ROLES.map(() => ':-:').join('|')}|`, ...rows].join('\n');
}
