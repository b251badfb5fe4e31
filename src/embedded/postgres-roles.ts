/**
 * The roles of the embedded Postgres. The platform connects as one that owns its tables and is no superuser; the audit log belongs to another, as
 * which no one connects, so that the platform can read it and append to it, and no more. `docs/audit.md` has the same statements for a server
 * of one's own.
 */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere } from './child.js';
import { type PostgresPlace, runTool } from './postgres-place.js';

/** Whom the API and the workers connect as. */
export const PLATFORM_ROLE = 'riskgraph_platform';
const AUDIT_ROLE = 'riskgraph_audit';

/** Raised where the statements change, so that they are run again. */
const VERSION = 1;

/** Called by the server once its migrations are done; what they made for the log changes hands. */
const SEAL = `
  ALTER TABLE public.audit_log OWNER TO ${AUDIT_ROLE};
  ALTER TABLE public.audit_head OWNER TO ${AUDIT_ROLE};
  ALTER FUNCTION public.audit_hash(bytea, public.audit_log) OWNER TO ${AUDIT_ROLE};
  ALTER FUNCTION public.chain_audit_entry() OWNER TO ${AUDIT_ROLE};
  ALTER FUNCTION public.prune_audit_log(timestamptz) OWNER TO ${AUDIT_ROLE};
  GRANT SELECT, INSERT ON public.audit_log TO ${PLATFORM_ROLE};
  GRANT SELECT ON public.audit_head TO ${PLATFORM_ROLE};`;

const role = (name: string): string =>
  `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${name}') THEN CREATE ROLE ${name}; END IF; END $$`;

/** What earlier releases made as the superuser; a log that is sealed already stays where it is. */
const HAND_OVER = `DO $$ DECLARE made regclass; BEGIN
  FOR made IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    AND pg_get_userbyid(relowner) <> '${AUDIT_ROLE}' LOOP
    EXECUTE format('ALTER TABLE %s OWNER TO ${PLATFORM_ROLE}', made);
  END LOOP; END $$`;

const statements = (database: string, password: string): string[] => [
  role(PLATFORM_ROLE),
  role(AUDIT_ROLE),
  `ALTER ROLE ${PLATFORM_ROLE} LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB PASSWORD '${password}'`,
  `GRANT CONNECT, TEMPORARY ON DATABASE ${database} TO ${PLATFORM_ROLE}`,
  `GRANT USAGE, CREATE ON SCHEMA public TO ${PLATFORM_ROLE}`,
  // To own a table there.
  `GRANT USAGE, CREATE ON SCHEMA public TO ${AUDIT_ROLE}`,
  HAND_OVER,
  `CREATE OR REPLACE FUNCTION public.seal_audit_log() RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN ${SEAL} END $$`,
];

/**
 * Makes the roles where they are not yet as this release has them, before the server takes connections: in single-user mode, which needs no
 * password of the superuser.
 */
export async function prepareRoles(
  place: PostgresPlace,
  { database, password }: { readonly database: string; readonly password: string },
): Promise<void> {
  // With the data that have the roles: others that are put in their place, of a backup or new, have none.
  const marker = join(place.data, 'riskgraph.roles');
  const made = createHash('sha256').update(`${VERSION} ${place.data} ${password}`).digest('hex');
  if (readIfThere(marker)?.trim() === made) return;
  // A line is a statement there.
  const lines = statements(database, password).map((statement) => `${statement.replace(/\s+/g, ' ')};\n`);
  await runTool(place, 'postgres', ['--single', '-D', place.data, database], lines.join(''));
  await writeFile(marker, `${made}\n`, { mode: 0o644 });
}
