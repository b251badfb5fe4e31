/** Runs analysts' SELECT statements over the views of facts. */
import { raw, type Sql, sql } from '../../core/definitions/sql.js';
import { badInput } from '../../core/errors.js';
import type { MisReader, MisView } from '../../core/ports/mis.js';
import type { ClickHouse } from '../client.js';
import { userSqlFailure } from '../failures.js';
import { printed } from '../guard/sql-guard.js';
import type { UserSql } from '../user-sql.js';
import { aboutServer, inOnePart, systemTablesIn, withSql } from './catalogue.js';
import { settingsOf } from './settings.js';
import type { MisViews } from './views.js';

/** Formats that read and write nothing beside the answer. */
const FORMAT =
  /^(?:Native|Arrow(?:Stream)?|Parquet|CSV\w*|TabSeparated\w*|TSV\w*|JSON\w*|NDJSON|RowBinary\w*|Pretty\w*|Vertical|Markdown|XML|Values|Null)$/;
const ITS_FORMAT = /^([\s\S]*?)\s+FORMAT\s+(\w+)\s*$/i;

const WRITES = /^(?:INSERT|CREATE|ALTER|DROP|DELETE|UPDATE|TRUNCATE|SET|USE|GRANT|REVOKE|SYSTEM)\b/i;

/** The charts of a dashboard are asked for at once, by one key, and each waits for those before it. */
const CHECK_PATIENCE_MS = 60_000;

/** Functions that tell of the server or the clock: clients ask them, and dates of a dashboard are relative to today. */
const FUNCTIONS = [
  'version',
  'timezone',
  'serverTimezone',
  'currentDatabase',
  'database',
  'currentUser',
  'user',
  'now',
  'now64',
  'today',
  'yesterday',
];

/**
 * Of a statement with definitions around it. Its own conditions are asked of the rows that the rights leave, and of no others: one that fails on a row tells
 * that there is such a row. And what it sorts stays sorted.
 */
const AROUND = {
  query_plan_filter_push_down: '0',
  query_plan_merge_filters: '0',
  enable_optimize_predicate_expression: '0',
  query_plan_remove_redundant_sorting: '0',
};

export interface MisReaderOptions {
  readonly views: MisViews;
  readonly userSql: UserSql;
}

interface Planned {
  readonly select: Sql;
  readonly settings: Readonly<Record<string, string>>;
}

export function createMisReader({ views, userSql }: MisReaderOptions): MisReader {
  return {
    async read({ text, format: otherwise, settings: sent, caller, signal }) {
      const { statement, format } = cut(text, otherwise);
      const settings = settingsOf(sent);
      const reachable = reachableBy(await views.inStep(), caller.rights);
      const planned = await plan(statement, reachable, { userSql, keyId: caller.keyId });
      const { store, leave } = await userSql.enter(caller.keyId, signal);
      const answer = store.bytes('mis', planned.select, format, {
        settings: { ...settings, ...planned.settings },
        signal,
        refusalIsAnswer: true,
      });
      // An answer that is never read has no end of its own.
      signal.addEventListener('abort', leave, { once: true });
      return { format, body: await begun(answer, leave) };
    },
    async keepInStep() {
      if (await views.made()) await views.inStep();
    },
  };
}

/** A view that a caller may read, and the condition of its rights; null where it reads every row. */
interface Reachable {
  readonly view: MisView;
  readonly rows: Sql | null;
}

const reachableBy = (views: readonly MisView[], rights: Parameters<MisView['within']>[0]): readonly Reachable[] =>
  views.flatMap((view): Reachable[] => {
    if (rights.length === 0) return [{ view, rows: null }];
    const rows = view.within(rights);
    return rows ? [{ view, rows }] : [];
  });

function cut(text: string, otherwise: string): { readonly statement: string; readonly format: string } {
  const whole = text.trim().replace(/(?:;\s*)+$/, '');
  // Data of an INSERT follow its text, and are none.
  if (whole.includes('\0') || WRITES.test(whole)) {
    throw badInput('the statement is no SELECT', 'write one SELECT over the views: SHOW TABLES lists them');
  }
  const [, before, named] = ITS_FORMAT.exec(whole) ?? [];
  const format = named ?? otherwise;
  if (!FORMAT.test(format)) {
    throw badInput(
      `the format '${format.slice(0, 100)}' is not written here`,
      'ask for Native, Arrow, Parquet, JSONEachRow, CSVWithNames or TabSeparatedWithNames',
    );
  }
  return { statement: before ?? whole, format };
}

async function plan(
  text: string,
  reachable: readonly Reachable[],
  { userSql, keyId }: { readonly userSql: UserSql; readonly keyId: string },
): Promise<Planned> {
  const known = reachable.map(({ view }) => view);
  const about = aboutServer(text, known);
  if (about) return { select: about, settings: {} };
  return userSql.check(
    keyId,
    async ({ store, guard }) => {
      const statement = inOnePart(await printed(store, text), await databaseOf(store));
      const bound = Object.fromEntries(
        reachable.flatMap(({ view, rows }) =>
          rows ? [[view.name, sql`SELECT * FROM ${raw(view.name)} WHERE ${rows}`]] : [],
        ),
      );
      const definitions = { ...bound, ...systemTablesIn(statement, known) };
      const tables = reachable.flatMap(({ view, rows }) => (rows ? [] : [view.name]));
      const checked = await guard.check(statement, { tables, views: definitions, functions: FUNCTIONS });
      if (Object.keys(definitions).length === 0) return { select: raw(checked), settings: {} };
      // As the guard has looked at it: one that is put together otherwise could read a name as the view itself.
      return { select: sql`WITH ${withSql(definitions)} SELECT * FROM (${raw(checked)})`, settings: AROUND };
    },
    CHECK_PATIENCE_MS,
  );
}

async function databaseOf(store: ClickHouse): Promise<string> {
  const [row] = await store.rows<{ name: string }>('sql-database', raw('SELECT currentDatabase() AS name'));
  return row?.name ?? '';
}

/** Waits for the first bytes, so that a statement that fails at once fails before an answer begins; the place is left at the end. */
async function begun(answer: AsyncIterable<Buffer>, leave: () => void): Promise<AsyncIterable<Uint8Array>> {
  const chunks = answer[Symbol.asyncIterator]();
  const failed = (cause: unknown): unknown => userSqlFailure(cause, 'the SQL');
  const first = await chunks.next().catch((cause: unknown) => {
    leave();
    throw failed(cause);
  });
  return (async function* () {
    try {
      for (let next = first; !next.done; next = await chunks.next()) yield next.value;
    } catch (cause) {
      throw failed(cause);
    } finally {
      await chunks.return?.();
      leave();
    }
  })();
}
