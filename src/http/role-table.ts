import type { GraphQLSchema } from 'graphql';
import { ROLES, type Role } from '../core/ports/access.js';
import { operationsOf } from '../graphql/operation.js';
import { TRAINING_SET_FILE } from './downloads.routes.js';
import { METRICS } from './health.routes.js';
import { IMPORT_TABLE } from './import.routes.js';
import { INDICATOR_FILES } from './indicators.routes.js';
import type { GuardedRoute } from './route-access.js';

/** Every route that a role opens. */
export const GUARDED_ROUTES: readonly GuardedRoute[] = [
  IMPORT_TABLE,
  TRAINING_SET_FILE,
  ...Object.values(INDICATOR_FILES),
  METRICS,
];

interface Row {
  readonly name: string;
  readonly roles: readonly Role[];
}

/** Rows of equal roles stand together, those of most roles first. */
const byRoles = (one: Row, other: Row): number =>
  other.roles.length - one.roles.length ||
  one.roles.join().localeCompare(other.roles.join()) ||
  (one.name < other.name ? -1 : 1);

/** The README's table role × operation and route, in Markdown. */
export function roleTable(schema: GraphQLSchema): string {
  const operations = operationsOf(schema).map(({ name, declaration: { roles } }) => ({ name, roles }));
  const ofType = (type: string): Row[] => operations.filter(({ name }) => name.startsWith(`${type}.`)).sort(byRoles);
  const rows: readonly Row[] = [
    ...ofType('Query'),
    ...ofType('Mutation'),
    ...ofType('Subscription'),
    ...GUARDED_ROUTES.map(({ method, url, config }) => ({ name: `${method} ${url}`, roles: config.access.roles })),
  ];
  return [
    `| Operation | ${ROLES.join(' | ')} |`,
    `|---|${ROLES.map(() => ':-:').join('|')}|`,
    ...rows.map(
      ({ name, roles }) => `| \`${name}\` | ${ROLES.map((role) => (roles.includes(role) ? '✓' : '')).join(' | ')} |`,
    ),
  ].join('\n');
}
