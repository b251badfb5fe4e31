import type { GraphQLSchema } from 'graphql';
import { ROLES, type Role } from '../core/ports/access.js';
import { operationsOf } from '../graphql/operation.js';
import { CELL_FILES } from './cells.routes.js';
import { TRAINING_SET_FILE } from './downloads.routes.js';
import { CASE_FILES } from './gangs.routes.js';
import { METRICS } from './health.routes.js';
import { IMPORT_TABLE } from './import.routes.js';
import { INDICATOR_FILES, LINK_FILES } from './indicators.routes.js';
import type { GuardedRoute } from './route-access.js';
import { UPLOAD_SPINE } from './spines.routes.js';
import { SQL_ROUTES } from './sql.routes.js';

/** Every route that is closed to some roles. */
export const GUARDED_ROUTES: readonly GuardedRoute[] = [
  IMPORT_TABLE,
  UPLOAD_SPINE,
  TRAINING_SET_FILE,
  ...CASE_FILES,
  ...CELL_FILES,
  ...INDICATOR_FILES,
  ...LINK_FILES,
  ...SQL_ROUTES,
  METRICS,
];

interface Row {
  readonly name: string;
  readonly roles: readonly Role[];
}

/** Rows of equal roles stand together, those of most roles first. */
const byRoles = (a: Row, b: Row): number =>
  b.roles.length - a.roles.length || a.roles.join().localeCompare(b.roles.join()) || (a.name < b.name ? -1 : 1);

/** The README's table role × operation and route, in Markdown. */
export function roleTable(schema: GraphQLSchema): string {
  const operations = operationsOf(schema).map(({ name, declaration: { roles } }) => ({ name, roles }));
  const ofType = (type: string): Row[] => operations.filter(({ name }) => name.startsWith(`${type}.`)).sort(byRoles);
  const rows: readonly Row[] = [
    ...ofType('Query'),
    ...ofType('Mutation'),
    ...ofType('Subscription'),
    // The files of a report link take its secret, and the key of no role.
    ...GUARDED_ROUTES.filter(({ config }) => !config.access.link).map(({ method, url, config }) => ({
      name: `${method} ${url}`,
      roles: config.access.roles,
    })),
  ];
  return [
    `| Operation | ${ROLES.join(' | ')} |`,
    `|---|${ROLES.map(() => ':-:').join('|')}|`,
    ...rows.map(
      ({ name, roles }) => `| \`${name}\` | ${ROLES.map((role) => (roles.includes(role) ? '✓' : '')).join(' | ')} |`,
    ),
  ].join('\n');
}
