import type { DataSource } from 'typeorm';
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

/** What runs statements, each of its own transaction or all of one. */
interface Session {
  query(statement: string, parameters?: unknown[]): Promise<unknown>;
}

/**
 * The entries after $1, up to $3: those before which some are missing, and those whose hash is not that of their content after the entry before.
 * Where some of them were pruned since the page before, it begins after the anchor.
 */
const CHECK_PAGE = `
  WITH start AS (
    SELECT greatest($1::bigint, anchor_seq) AS seq, CASE WHEN anchor_seq > $1::bigint THEN anchor_hash ELSE $2::bytea END AS hash FROM audit_head
  )
  SELECT count(*)::int AS entries, max(seq) AS seq, (array_agg(hash ORDER BY seq DESC))[1] AS hash,
    coalesce(jsonb_agg(fault ORDER BY seq) FILTER (WHERE seq = previous + 1 AND NOT fits), '[]') AS changed,
    coalesce(jsonb_agg(fault ORDER BY seq) FILTER (WHERE seq > previous + 1), '[]') AS gaps
  FROM (
    SELECT seq, hash, previous, hash = audit_hash(previous_hash, entry) AS fits,
      jsonb_build_object('seq', seq, 'previous', previous, 'at', at, 'action', action) AS fault
    FROM (
      SELECT page.*, (SELECT kept FROM audit_log AS kept WHERE kept.id = page.id) AS entry,
        lag(seq, 1, (SELECT seq FROM start)) OVER (ORDER BY seq) AS previous,
        lag(hash, 1, (SELECT hash FROM start)) OVER (ORDER BY seq) AS previous_hash
      FROM (
        SELECT id, seq, hash, at, action FROM audit_log WHERE seq > (SELECT seq FROM start) AND seq <= $3 ORDER BY seq LIMIT $4
      ) AS page
    ) AS linked
  ) AS checked`;

const BEYOND = `
  SELECT count(*)::int AS entries FROM audit_log
  WHERE seq > (SELECT seq FROM audit_head) OR seq <= (SELECT anchor_seq FROM audit_head)`;

const missing = (after: number, before: number): string =>
  before - after === 2 ? `entry ${after + 1} is missing` : `entries ${after + 1} to ${before - 1} are missing`;

const changed = ({ seq, at, action }: Fault): string =>
  `entry ${seq} (${action}, ${new Date(at).toISOString()}) was changed`;

/**
 * Walks the chain from its anchor to the head that it has at the begin. Each page is a statement: one snapshot for a log of weeks would have Postgres keep
 * every version of every row that others change meanwhile.
 */
export async function walkChain(
  session: Session,
  atOnce = PAGE,
): Promise<Pick<AuditCheck, 'entries' | 'newest' | 'faults'>> {
  const [head] = (await session.query('SELECT * FROM audit_head')) as Head[];
  if (!head) return { entries: 0, newest: '', faults: ['the head of the chain is missing'] };
  const faults: string[] = [];
  let entries = 0;
  let seq = head.anchor_seq;
  let hash = head.anchor_hash;
  for (;;) {
    const [page] = (await session.query(CHECK_PAGE, [seq, hash, head.seq, atOnce])) as [Page];
    if (page.seq === null) break;
    entries += page.entries;
    faults.push(...page.gaps.map((gap) => missing(gap.previous, gap.seq)), ...page.changed.map(changed));
    seq = page.seq;
    hash = page.hash;
  }
  if (BigInt(seq) < BigInt(head.seq)) faults.push(missing(Number(seq), Number(head.seq) + 1));
  else if (!hash.equals(head.hash)) faults.push(`entry ${seq} is not the one that the chain ended with`);
  const [beyond] = (await session.query(BEYOND)) as [{ entries: number }];
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

/** Reads the whole log; what is appended or pruned meanwhile is no fault. */
export async function checkAuditLog(dataSource: DataSource): Promise<AuditCheck> {
  const chain = await walkChain(dataSource);
  const [rights] = (await dataSource.query(RIGHTS)) as [Rights];
  return { ...chain, role: rights.role, excess: excess(rights) };
}
