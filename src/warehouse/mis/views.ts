/** Keeps the views of facts in ClickHouse in step with the definitions in force. */
import { createHash } from 'node:crypto';
import { ident, join, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { RiskgraphError } from '../../core/errors.js';
import { MIS_SECRET, type MisView } from '../../core/ports/mis.js';
import type { Log } from '../../core/ports/process.js';
import type { ClickHouse } from '../client.js';

export interface MisViewsOptions {
  readonly store: ClickHouse;
  /** Those in force. */
  readonly views: () => readonly MisView[];
  /** 16 bytes, the same in every process: the key of the hashes that stand for people and things. */
  readonly secret: Buffer;
  readonly log: Log;
}

/** At the end of the comment of a view that the platform made: its content. */
const MARK = / \[riskgraph ([0-9a-f]{16})\]$/;

const contentOf = ({ select, comment, columns }: MisView): string =>
  createHash('sha256')
    .update(JSON.stringify([select, comment, columns]))
    .digest('hex')
    .slice(0, 16);

const isRefusal = (error: unknown): boolean => error instanceof RiskgraphError && error.code === 'INTERNAL';

const text = (value: string): Sql => raw(`'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`);

export function createMisViews({ store, views, secret, log }: MisViewsOptions) {
  let kept: readonly MisView[] = [];
  let keptAs: string | null = null;
  let last: Promise<unknown> = Promise.resolve();

  const stored = () =>
    store.rows<{ name: string; comment: string; engine: string }>(
      'mis-stored',
      raw(
        "SELECT name, comment, engine FROM system.tables WHERE database = currentDatabase() AND name LIKE 'mis\\\\_%'",
      ),
    );

  async function keepSecret(): Promise<void> {
    await store.run(
      'mis-secret',
      sql`CREATE TABLE IF NOT EXISTS ${ident(MIS_SECRET)} (k0 UInt64, k1 UInt64) ENGINE = MergeTree ORDER BY tuple()`,
    );
    const [row] = await store.rows<{ rows: string }>(
      'mis-secret',
      sql`SELECT count() AS rows FROM ${ident(MIS_SECRET)}`,
    );
    if (row?.rows !== '0') return;
    const [k0, k1] = [secret.readBigUInt64LE(0), secret.readBigUInt64LE(8)].map(String);
    await store.run(
      'mis-secret',
      sql`INSERT INTO ${ident(MIS_SECRET)} SELECT ${param('UInt64', k0)}, ${param('UInt64', k1)}`,
    );
  }

  async function make(view: MisView): Promise<void> {
    const { name, select, comment, columns } = view;
    const said = text(`${comment} [riskgraph ${contentOf(view)}]`);
    // A reader of the view has no right to the tables below it.
    await store.run(
      'mis-view',
      sql`CREATE OR REPLACE VIEW ${ident(name)} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS ${raw(select)}`,
    );
    const comments = columns.map((column) => sql`COMMENT COLUMN ${ident(column.name)} ${text(column.comment)}`);
    await store.run('mis-view', sql`ALTER TABLE ${ident(name)} ${join(comments)}`);
    // Last: a view with the mark is whole.
    await store.run('mis-view', sql`ALTER TABLE ${ident(name)} MODIFY COMMENT ${said}`);
  }

  async function bring(inForce: readonly MisView[]): Promise<void> {
    const found = new Map((await stored()).map((row) => [row.name, row]));
    await keepSecret();
    const whole: MisView[] = [];
    for (const view of inForce) {
      const before = found.get(view.name);
      const mark = MARK.exec(before?.comment ?? '')?.[1];
      if (mark === contentOf(view)) whole.push(view);
      else if (before && before.engine !== 'View') {
        log.warn({ name: view.name }, 'a table has the name of a view of a fact: rename it, and the view is made');
      } else {
        await make(view).then(
          () => whole.push(view),
          (error: unknown) => {
            if (!isRefusal(error)) throw error;
            // It is refused until its fact is another; the others are made.
            log.warn({ name: view.name, err: error }, 'the view of a fact is not made');
          },
        );
      }
    }
    for (const { name, comment } of found.values()) {
      if (!MARK.test(comment) || inForce.some((view) => view.name === name)) continue;
      await store.run('mis-view', sql`DROP VIEW IF EXISTS ${ident(name)}`);
    }
    kept = whole;
  }

  /** Makes what differs; returns the views that are there. */
  async function inStep(): Promise<readonly MisView[]> {
    const inForce = views();
    const as = inForce.map(contentOf).join();
    if (as !== keptAs) {
      await bring(inForce);
      keptAs = as;
    }
    return kept;
  }

  /** One after another: two at once would make the same views. */
  const inTurn = <T>(body: () => Promise<T>): Promise<T> => {
    const next = last.then(body, body);
    last = next.catch(() => undefined);
    return next;
  };

  return {
    inStep: () => inTurn(inStep),
    /** Whether the store has views of facts. */
    async made(): Promise<boolean> {
      return (await stored()).some(({ comment }) => MARK.test(comment));
    },
  };
}

export type MisViews = ReturnType<typeof createMisViews>;
