/** What an investigator decides, written as imports are, and the personal values of a case. */
import { Readable } from 'node:stream';
import type { Mask } from '../core/compute/masking.js';
import { ident, instantSql, join, param, sql } from '../core/definitions/sql.js';
import { badInput, notFound, RiskgraphError } from '../core/errors.js';
import { nodeTypeSql } from '../core/helpers/gang-links.js';
import { formatInstant, type Instant } from '../core/helpers/time.js';
import { sourceSelect } from '../core/lending/source-sql.js';
import type { SourceTables } from '../core/lending/sources.js';
import type { GangReader, Investigation } from '../core/ports/gangs.js';
import type { OfflineQuery } from '../core/ports/offline.js';
import type { Clock } from '../core/ports/process.js';
import type { SourceStore } from '../core/ports/sources.js';

export interface InvestigationOptions {
  readonly gangs: Pick<GangReader, 'find'>;
  readonly sources: Pick<SourceStore, 'import'>;
  readonly tables: SourceTables;
  readonly query: OfflineQuery;
  readonly mask: Mask;
  readonly timezone: string;
  readonly clock: Clock;
}

/** A note and a reason are for those who read the case later. */
const LEAST_WORDS = 3;

export function createInvestigation({
  gangs,
  sources,
  tables,
  query,
  mask,
  timezone,
  clock,
}: InvestigationOptions): Investigation {
  const put = async (table: string, row: Readonly<Record<string, unknown>>): Promise<void> => {
    const { rejected, quarantine } = await sources.import({
      table,
      format: 'ndjson',
      body: Readable.from([Buffer.from(`${JSON.stringify(row)}\n`)]),
      history: false,
      clock,
      requestId: 'investigation',
    });
    if (rejected > 0)
      throw badInput(`${table} takes no such row: ${quarantine[0]?.reason}`, 'correct the value and ask again');
  };
  const rowsOf = (label: string, statement: ReturnType<typeof sql>) => query.select({ label, ...statement.render() });

  return {
    async judge({ id, verdict, note, until }) {
      const now = clock();
      checkWords(note, 'note');
      checkUntil(until, now);
      if ((await gangs.find(id, now)) === null)
        throw notFound(`no customer is in a gang '${id.slice(0, 64)}'`, 'gangs lists those that are');
      const judged_at = formatInstant(now);
      await put('gang_verdicts', {
        gang_id: id,
        judged_at,
        verdict,
        note,
        until: until === null ? null : formatInstant(until),
      });
      if (verdict === 'CONFIRMED' || verdict === 'FALSE_ALARM') {
        const at = { observed_at: judged_at, window_from: judged_at, window_to: judged_at, known_at: judged_at };
        const outcome = { value: verdict === 'CONFIRMED' ? 1 : 0, ...at };
        await put('labels', { entity: 'gang', entity_id: id, name: 'gang_verdict', ...outcome });
      }
      const judged = await gangs.find(id, clock());
      if (judged === null)
        throw new RiskgraphError({
          code: 'CONFLICT',
          message: `the gang ${id} ended meanwhile`,
          hint: 'look it up again',
        });
      return { ...judged, verdict };
    },

    async trust({ type, identifier, reason, until }) {
      const now = clock();
      checkWords(reason, 'reason');
      checkUntil(until, now);
      const at = instantSql(now);
      const links = sourceSelect(tables.get('identifier_links'), { asOf: at, knowledge: at, timezone });
      // A number that one customer owns and another names is one telephone: it is trusted as both.
      const node = sql`${nodeTypeSql(sql`identifier_type`)} = ${nodeTypeSql(sql`${type}`)}`;
      const found = await rowsOf(
        'trust-find',
        sql`SELECT identifier FROM ${links} WHERE ${node} AND (identifier = ${identifier} OR ${mask.textSql(sql`identifier`)} = ${identifier}) LIMIT 1`,
      );
      const clear = found[0]?.identifier;
      if (typeof clear !== 'string')
        throw notFound(
          `no link has this identifier of type ${type}`,
          'give the type and the identifier as a link shows them',
        );
      const row = { identifier_type: type === 'CONTACT_PHONE' ? 'PHONE' : type, identifier: clear, reason };
      await put('trusted_identifiers', {
        ...row,
        trusted_at: formatInstant(now),
        until: until === null ? null : formatInstant(until),
      });
    },

    async reveal(customer, columns) {
      const table = tables.get('customers');
      const unknown = columns.find((name) => !table.columns.some((column) => column.name === name));
      if (columns.length === 0 || unknown !== undefined) {
        throw badInput(
          unknown === undefined
            ? '`columns` is empty'
            : `\`columns\` names '${unknown.slice(0, 64)}', which is no column of customers`,
          `the columns are ${table.columns.map(({ name }) => name).join(', ')}`,
        );
      }
      const at = instantSql(clock());
      const source = sourceSelect(table, {
        asOf: at,
        knowledge: at,
        timezone,
        keyFilter: sql`v.customer_id = ${param('String', customer)}`,
      });
      const [row] = await rowsOf('reveal', sql`SELECT ${join(columns.map(ident))} FROM ${source}`);
      if (row === undefined) throw notFound('there is no such customer', 'ask by a customer_id of customers');
      return row;
    },
  };
}

function checkWords(text: string, name: string): void {
  if (text.trim().split(/\s+/u).length < LEAST_WORDS && text.trim().length < LEAST_WORDS * 2) {
    throw badInput(`\`${name}\` says too little`, 'write a sentence that others understand when they read the case');
  }
}

function checkUntil(until: Instant | null, now: Instant): void {
  if (until !== null && until <= now) throw badInput('`until` is over already', 'give an instant to come, or none');
}
