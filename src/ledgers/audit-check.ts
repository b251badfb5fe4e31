import type { DataSource, QueryRunner } from 'typeorm';
import type { AuditCheck } from '../core/ports/access.js';

/** Entries a statement. */
const PAGE = 10_000;
/** The check names no more than these. */
const NAMED = 20;

interface Head {
  readonly seq: string;
  readonly hash: Buffer;
  readonly anchor_seq: string;
  readonly anchor_hash: Buffer;
}

interface Fault {
  readonly seq: number;
  readonly previous: number;
  readonly at: string;
  readonly action: string;
}

interface Page {
  readonly entries: number;
  readonly seq: string | null;
  readonly hash: Buffer;
  readonly changed: readonly Fault[];
  readonly gaps: readonly Fault[];
}

/** The entries after $1, up to $3: those before which some are missing, and those whose hash is not that of their content after the entry before. */
const CHECK_PAGE = `
  SELECT count(*)::int AS entries, max(seq) AS seq, (array_agg(hash ORDER BY seq DESC))[1] AS hash,
    coalesce(jsonb_agg(fault ORDER BY seq) FILTER (WHERE seq = previous + 1 AND NOT fits), '[]') AS changed,
    coalesce(jsonb_agg(fault ORDER BY seq) FILTER (WHERE seq > previous + 1), '[]') AS gaps
  FROM (
    SELECT seq, hash, previous, hash = audit_hash(previous_hash, entry) AS fits,
      jsonb_build_object('seq', seq, 'previous', previous, 'at', at, 'action', action) AS fault
    FROM (
      SELECT page.*, (SELECT kept FROM audit_log AS kept WHERE kept.id = page.id) AS entry,
        lag(seq, 1, $1::bigint) OVER (ORDER BY seq) AS previous, lag(hash, 1, $2::bytea) OVER (ORDER BY seq) AS previous_hash
      FROM (SELECT id, seq, hash, at, action FROM audit_log WHERE seq > $1 AND seq <= $3 ORDER BY seq LIMIT ${PAGE}) AS page
    ) AS linked
  ) AS checked`;

const missing = (after: number, before: number): string =>
  before - after === 2 ? `entry ${after + 1} is missing` : `entries ${after + 1} to ${before - 1} are missing`;

const changed = ({ seq, at, action }: Fault): string =>
  `entry ${seq} (${action}, ${new Date(at).toISOString()}) was changed`;

/** Walks the chain from its anchor to its head, as the session sees them. */
export async function walkChain(session: QueryRunner): Promise<Pick<AuditCheck, 'entries' | 'newest' | 'faults'>> {
  const [head] = (await session.query('SELECT * FROM audit_head')) as Head[];
  if (!head) return { entries: 0, newest: '', faults: ['the head of the chain is missing'] };
  const faults: string[] = [];
  let entries = 0;
  let seq = head.anchor_seq;
  let hash = head.anchor_hash;
  for (;;) {
    const [page] = (await session.query(CHECK_PAGE, [seq, hash, head.seq])) as [Page];
    if (page.seq === null) break;
    entries += page.entries;
    faults.push(...page.gaps.map((gap) => missing(gap.previous, gap.seq)), ...page.changed.map(changed));
    seq = page.seq;
    hash = page.hash;
  }
  if (BigInt(seq) < BigInt(head.seq)) faults.push(missing(Number(seq), Number(head.seq) + 1));
  else if (!hash.equals(head.hash)) faults.push(`entry ${seq} is not the one that the chain ended with`);
  const [beyond] = (await session.query('SELECT count(*)::int AS entries FROM audit_log WHERE seq > $1 OR seq <= $2', [
    head.seq,
    head.anchor_seq,
  ])) as [{ entries: number }];
  if (beyond.entries > 0) faults.push(`${beyond.entries} entries are outside the chain`);
  const more = faults.length > NAMED ? [`and ${faults.length - NAMED} more`] : [];
  return { entries, newest: head.hash.toString('hex'), faults: [...faults.slice(0, NAMED), ...more] };
}

const RIGHTS = `
  SELECT current_user AS role, rolsuper AS super, pg_has_role(relowner, 'USAGE') AS owner,
    ARRAY(SELECT each FROM unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS each WHERE has_table_privilege(pg_class.oid, each)) AS may
  FROM pg_class, pg_roles WHERE pg_class.oid = 'audit_log'::regclass AND rolname = current_user`;

interface Rights {
  readonly role: string;
  readonly super: boolean;
  readonly owner: boolean;
  readonly may: readonly string[];
}

/** What the role of this process may do to the log beyond reading and appending; null where nothing. */
function excess({ role, super: isSuper, owner, may }: Rights): string | null {
  if (isSuper) return `${role} is a superuser`;
  if (owner) return `${role} owns the audit log`;
  return may.length > 0 ? `${role} may ${may.join(', ')} the audit log` : null;
}

/** Reads the whole log as it is at one moment. */
export async function checkAuditLog(dataSource: DataSource): Promise<AuditCheck> {
  const session = dataSource.createQueryRunner();
  try {
    await session.startTransaction('REPEATABLE READ');
    const chain = await walkChain(session);
    const [rights] = (await session.query(RIGHTS)) as [Rights];
    await session.commitTransaction();
    return { ...chain, role: rights.role, excess: excess(rights) };
  } catch (error) {
    await session.rollbackTransaction().catch(() => undefined);
    throw error;
  } finally {
    await session.release();
  }
}
