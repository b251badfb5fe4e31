import type { MigrationInterface, QueryRunner } from 'typeorm';

const kinds = (list: string): string =>
  `ALTER TABLE materialization_run DROP CONSTRAINT IF EXISTS materialization_run_kind_check,
    ADD CONSTRAINT materialization_run_kind_check CHECK (kind IN (${list}))`;

/** Runs that publish an as-of again. */
export class Republications1767228720000 implements MigrationInterface {
  readonly name = 'Republications1767228720000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(kinds("'LIVE', 'BACKFILL', 'REPUBLICATION'"));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query("UPDATE materialization_run SET kind = 'BACKFILL' WHERE kind = 'REPUBLICATION'");
    await runner.query(kinds("'LIVE', 'BACKFILL'"));
  }
}
