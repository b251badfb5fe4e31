/** The daily job's work: `gang_members` from links between customers, as each day's derivation would have known them. */

import { ident, instantText, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { RiskgraphError } from '../../core/errors.js';
import { type DayNumber, dateOfDay, dayNumber, LocalDays } from '../../core/helpers/local-days.js';
import type { BusinessCalendar, Instant, LocalDate } from '../../core/helpers/time.js';
import type { SourceTables } from '../../core/lending/sources.js';
import type { Gangs, GangsResult } from '../../core/ports/gangs.js';
import { type Leases, tableResource } from '../../core/ports/leases.js';
import type { Log, Metrics } from '../../core/ports/process.js';
import type { JobProgress } from '../../core/ports/progress.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { checkFence, type Fence, raiseFence, tableFence } from '../../warehouse/fence.js';
import { derivationFailure } from '../failure.js';
import { type ComponentsOptions, findComponents } from './components.js';
import { groupCustomers, nameGangs } from './groups.js';
import { badOn, derivedAt, INPUT_TABLES, type KnownOn, linksOn, MEMBERS, membersOn } from './known.js';
import { measureMembers, writeChanged } from './members.js';
import { createAs, openWorkTables, type WorkTables } from './work-tables.js';

export interface GangsOptions extends Pick<ComponentsOptions, 'edgesInMemory' | 'mostRounds'> {
  /** Its database holds the migrated tables. */
  readonly clickhouse: ClickHouse;
  readonly calendar: BusinessCalendar;
  readonly tables: SourceTables;
  /** A derivation holds the lease of its table, as an import into it does. */
  readonly leases: Leases;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Customers above which a component is cut into communities. */
  readonly mostCustomers?: number;
  /** Links whose gangs are in memory at once. */
  readonly linksAtOnce?: number;
}

/**
 * Derives gangs. A derivation may be repeated and may die anywhere: it adds a row only where the stored one has other content, and marks a day as
 * derived after its last row.
 */
export function createGangs(options: GangsOptions): Gangs {
  const { calendar, log, metrics } = options;
  const days = new LocalDays(calendar);
  return {
    name: MEMBERS,
    inputs: INPUT_TABLES,
    derivedBy: (asOf) => derivedAt(days, days.dayOf(asOf) - 1),
    derivedUntil: (asOf) => days.startOf(days.dayOf(asOf)),
    async derive({ from, through, asOf, now }, progress) {
      const today = days.dayOf(now);
      const due = derivedAt(days, today - 1) <= now ? today - 1 : today - 2;
      const over = asOf === undefined ? due : days.dayOf(asOf) - 1;
      const lastDay = Math.min(due, over, through === undefined ? due : dayNumber(through));
      const started = performance.now();
      try {
        const result = await options.leases.hold(tableResource(MEMBERS), progress.signal, (lease) => {
          const signal = AbortSignal.any([progress.signal, lease.lost]);
          const fence = tableFence(lease, ['gang_runs']);
          const due = { from: from === undefined ? lastDay : dayNumber(from), lastDay, now };
          return derive({ ...options, days, fence }, due, { ...progress, signal });
        });
        metrics.observe('gangs_seconds', (performance.now() - started) / 1000);
        if (result.days > 0) log.info({ ...result }, 'gangs derived');
        return result;
      } catch (cause) {
        progress.signal.throwIfAborted();
        throw derivationFailure('gangs', cause);
      }
    },
  };
}

type Derivation = GangsOptions & { readonly days: LocalDays; readonly fence: Fence };

interface Due {
  readonly from: DayNumber;
  readonly lastDay: DayNumber;
  readonly now: Instant;
}

async function derive(
  derivation: Derivation,
  { from, lastDay, now }: Due,
  progress: JobProgress,
): Promise<GangsResult> {
  const { clickhouse, calendar, fence } = derivation;
  const { signal } = progress;
  const derived = await derivedDays(clickhouse);
  const first = await firstLink(derivation);
  const due: DayNumber[] = [];
  for (let day = Math.max(from, first ?? lastDay + 1); day <= lastDay; day++) if (!derived.has(day)) due.push(day);
  if (due.length === 0) return { days: 0, gangs: 0, members: 0, rows: 0, through: newestOf(derived) };
  await raiseFence(clickhouse, fence, { signal });
  const work = await openWorkTables(clickhouse);
  try {
    let rows = 0;
    let last = { gangs: 0, members: 0 };
    for (const [index, day] of due.entries()) {
      signal.throwIfAborted();
      const report = (part: number) => progress.report((index + part) / due.length);
      const neighbours = {
        before: [...derived].some((other) => other < day),
        after: afterOf(derived, day),
      };
      const run = { ...derivation, work, timezone: calendar.timezone, day, neighbours };
      const { rows: written, ...size } = await deriveDay(run, now, { signal, report });
      rows += written;
      last = size;
      derived.add(day);
    }
    return { days: due.length, ...last, rows, through: newestOf(derived) };
  } finally {
    await work.close();
  }
}

const newestOf = (derived: ReadonlySet<DayNumber>): LocalDate | null =>
  derived.size === 0 ? null : dateOfDay([...derived].reduce((a, b) => Math.max(a, b)));

const afterOf = (derived: ReadonlySet<DayNumber>, day: DayNumber): DayNumber | null =>
  [...derived].reduce<DayNumber | null>(
    (next, other) => (other > day && other < (next ?? other + 1) ? other : next),
    null,
  );

async function derivedDays(clickhouse: ClickHouse): Promise<Set<DayNumber>> {
  const rows = await clickhouse.rows<{ through: number }>(
    'gangs-days',
    sql`SELECT DISTINCT toUInt16(through) AS through FROM gang_runs`,
  );
  return new Set(rows.map(({ through }) => through));
}

/** The local day of the first link; null while there are none. */
async function firstLink({ clickhouse, days }: Derivation): Promise<DayNumber | null> {
  const [first] = await clickhouse.rows<{ seen: string | null }>(
    'gangs-first-link',
    sql`SELECT if(count() = 0, NULL, toString(toUnixTimestamp64Milli(min(seen_at)))) AS seen FROM identifier_links`,
  );
  return first?.seen == null ? null : days.dayOf(Number(first.seen));
}

interface DayDerivation extends Derivation, KnownOn {
  readonly work: WorkTables;
  /** Whether an earlier day is derived, and the next later one that is. */
  readonly neighbours: { readonly before: boolean; readonly after: DayNumber | null };
}

async function deriveDay(
  run: DayDerivation,
  now: Instant,
  progress: JobProgress,
): Promise<{ readonly gangs: number; readonly members: number; readonly rows: number }> {
  const { clickhouse, work, day, neighbours } = run;
  const { signal } = progress;
  const store = { clickhouse, work, signal };
  const links = work.name('links');
  await createAs(clickhouse, {
    name: links,
    engine: raw('MergeTree ORDER BY (customer_id, node)'),
    select: sql`SELECT customer_id, sipHash64('customer', customer_id) AS customer, sipHash64('identifier', node_type, identifier) AS node,
      cityHash64(node_type, identifier) AS name, weight, first_seen FROM (${linksOn(run)})`,
    signal,
  });
  const linked = await checkVertices(run, links);
  const components = await findComponents(sql`SELECT customer AS a, node AS b FROM ${ident(links)}`, {
    ...run,
    signal,
  });
  const groups = await groupCustomers({ ...store, links, components: components.table, ...limitOf(run) });
  const later = neighbours.after === null ? null : await keepAsOf(run, neighbours.after, signal);
  // A day before all others takes its names from the one after it: a name says nothing of what is known.
  const named =
    neighbours.before || later === null ? membersOn({ ...run, day: day - 1 }) : sql`SELECT * FROM ${ident(later)}`;
  const gangs = await nameGangs(store, { groups, before: named, day: dateOfDay(day) });
  const members = await measureMembers({ ...run, progress, links, groups, gangs: gangs.table, bad: badOn(run) });
  const seq = await nextSeq(clickhouse, now);
  if (later !== null && neighbours.after !== null) {
    // That day follows on this one from now on. First: were this day written alone, the other would read as if nothing had changed since.
    const before = sql`SELECT * FROM ${ident(members.table)}`;
    await write(run, { members: later, before, onlyAbsent: true, day: neighbours.after, seq, signal });
  }
  const rows = await write(run, {
    members: members.table,
    before: membersOn(run),
    onlyAbsent: false,
    day,
    seq: seq + 1n,
    signal,
  });
  await checkFence(clickhouse, run.fence);
  const result = { gangs: gangs.gangs, members: members.members, rows };
  const columns = ['seq', 'through', 'timezone', 'at', 'gangs', 'members', 'links', 'rounds', 'rows'] as const;
  await clickhouse.insert('gangs-record', { table: 'gang_runs', columns }, [
    [
      String(seq + 1n),
      dateOfDay(day),
      run.timezone,
      instantText(now),
      result.gangs,
      result.members,
      linked,
      components.rounds,
      rows,
    ],
  ]);
  await work.close();
  return result;
}

/** A table of the members at the end of a later day, as they are before an earlier one is derived. */
async function keepAsOf(run: DayDerivation, day: DayNumber, signal: AbortSignal): Promise<string> {
  const name = run.work.name('later');
  const select = sql`SELECT * FROM (${membersOn({ ...run, day })}) WHERE gang_id != ''`;
  await createAs(run.clickhouse, { name, engine: raw('MergeTree ORDER BY customer_id'), select, signal });
  return name;
}

interface DayRows {
  readonly members: string;
  readonly before: Sql;
  readonly onlyAbsent: boolean;
  readonly day: DayNumber;
  readonly seq: bigint;
  readonly signal: AbortSignal;
}

const write = (run: DayDerivation, { day, ...rows }: DayRows): Promise<number> =>
  writeChanged(run.clickhouse, {
    ...rows,
    table: run.tables.get(MEMBERS),
    day: dateOfDay(day),
    at: derivedAt(run.days, day),
    fence: run.fence,
  });

const limitOf = ({ mostCustomers }: GangsOptions) => (mostCustomers === undefined ? {} : { mostCustomers });

/**
 * Vertices are 64-bit hashes of their names. Two names with one would tie strangers: once in a million graphs of millions, and never unseen.
 * @returns the number of links
 */
async function checkVertices({ clickhouse }: DayDerivation, links: string): Promise<number> {
  const [count] = await clickhouse.rows<{ links: string; names: string; vertices: string }>(
    'gangs-vertices',
    sql`SELECT toString(count()) AS links, toString(uniqExact(customer_id) + uniqExact((node, name))) AS names,
      toString(uniqExact(customer) + uniqExact(node) - uniqExactIf(customer, customer IN (SELECT node FROM ${ident(links)}))) AS vertices
      FROM ${ident(links)}`,
  );
  if (count?.names !== count?.vertices) {
    throw new RiskgraphError({
      code: 'INTERNAL',
      message: 'two names of the graph of links have one hash',
      hint: 'report it: the hash needs more bits',
    });
  }
  return Number(count?.links ?? 0);
}

/** Higher than the number of any import or run before. */
async function nextSeq(clickhouse: ClickHouse, now: Instant): Promise<bigint> {
  const [row] = await clickhouse.rows<{ newest: string }>(
    'gangs-sequence',
    sql`SELECT toString(greatest((SELECT max(seq) FROM ${ident(MEMBERS)}), (SELECT max(seq) FROM gang_runs))) AS newest`,
  );
  const byTime = BigInt(now) << 20n;
  const after = BigInt(row?.newest ?? 0) + 1n;
  return byTime > after ? byTime : after;
}
