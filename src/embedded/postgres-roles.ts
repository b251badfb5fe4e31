/** The roles of the embedded Postgres, by the statements that docs/audit.md has for a server of one's own. */
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readIfThere } from './child.js';
import { type PostgresPlace, runTool } from './postgres-place.js';

/** Whom the API and the workers connect as. */
export const PLATFORM_ROLE = 'riskgraph_platform';

const MIGRATIONS = fileURLToPath(new URL('../../migrations/postgres/', import.meta.url));

/**
 * Makes the roles where this release has not yet, before the server takes connections: in single-user mode, which needs no password of the
 * superuser. The audit log is open from then on to the migrations of the release, whose tables it may change, until the platform seals it.
 */
export async function prepareRoles(
  place: PostgresPlace,
  { database, password }: { readonly database: string; readonly password: string },
): Promise<void> {
  const statements = await readFile(join(MIGRATIONS, 'roles.sql'), 'utf8');
  const migrations = (await readdir(MIGRATIONS)).sort().join(' ');
  // With the data that have the roles: others that are put in their place, of a backup or new, have none.
  const marker = join(place.data, 'riskgraph.roles');
  const made = createHash('sha256').update(`${statements} ${migrations} ${place.data} ${password}`).digest('hex');
  if (readIfThere(marker)?.trim() === made) return;
  const secret = `ALTER ROLE ${PLATFORM_ROLE} PASSWORD '${password}'`;
  // With -j a statement ends with its line and an empty one.
  await runTool(place, 'postgres', ['--single', '-j', '-D', place.data, database], `${statements}\n${secret};\n\n`);
  await writeFile(marker, `${made}\n`, { mode: 0o644 });
}
