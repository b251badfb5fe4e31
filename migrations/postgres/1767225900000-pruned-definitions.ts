import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The check has the name that Postgres gave it. */
const kinds = (list: string): string =>
  `ALTER TABLE published_definition DROP CONSTRAINT IF EXISTS published_definition_kind_check,
    ADD CONSTRAINT published_definition_kind_check CHECK (kind IN (${list}))`;

/** Definitions that are computed on demand are published too, and a retired view's history may go. */
export class PrunedDefinitions1767225900000 implements MigrationInterface {
  readonly name = 'PrunedDefinitions1767225900000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(kinds("'view', 'on_demand', 'service', 'model'"));
    await runner.query('ALTER TABLE published_definition ADD COLUMN pruned_at timestamptz(3)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query("DELETE FROM published_definition WHERE kind = 'on_demand'");
    await runner.query(kinds("'view', 'service', 'model'"));
    await runner.query('ALTER TABLE published_definition DROP COLUMN pruned_at');
  }
}
