import type { DataSource } from 'typeorm';
import type { CompletenessLedger } from '../core/ports/completeness.js';

interface Row {
  readonly name: string;
  readonly through: string;
  readonly marked_at: Date;
  readonly marked_by: string;
}

export const createCompletenessLedger = (dataSource: Pick<DataSource, 'query'>): CompletenessLedger => ({
  async marks() {
    const rows = (await dataSource.query(
      // As text: the driver would read a date as an instant in the zone of this machine.
      "SELECT name, to_char(through, 'YYYY-MM-DD') AS through, marked_at, marked_by FROM source_completeness",
    )) as readonly Row[];
    return rows.map(({ name, through, marked_at, marked_by }) => ({
      table: name,
      through,
      at: marked_at.getTime(),
      by: marked_by,
    }));
  },

  async advance({ table, through, at, by }) {
    // One statement: of two that come at once the later day stands.
    await dataSource.query(
      `WITH moved AS (
         INSERT INTO source_completeness AS standing (name, through, marked_at, marked_by) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE SET through = excluded.through, marked_at = excluded.marked_at, marked_by = excluded.marked_by
         WHERE standing.through < excluded.through RETURNING name, through, marked_at)
       INSERT INTO source_completeness_marks SELECT name, through, marked_at FROM moved ON CONFLICT DO NOTHING`,
      [table, through, new Date(at), by],
    );
  },

  async since(table, from) {
    const rows = (await dataSource.query(
      `SELECT to_char(through, 'YYYY-MM-DD') AS through, marked_at FROM source_completeness_marks
       WHERE name = $1 AND through >= $2 ORDER BY through`,
      [table, from],
    )) as readonly Pick<Row, 'through' | 'marked_at'>[];
    return rows.map(({ through, marked_at }) => ({ through, at: marked_at.getTime() }));
  },
});
