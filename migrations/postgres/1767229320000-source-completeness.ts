import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The last day of each source table that its sender has said to be whole. */
export class SourceCompleteness1767229320000 implements MigrationInterface {
  readonly name = 'SourceCompleteness1767229320000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE IF NOT EXISTS source_completeness (
      name text PRIMARY KEY, through date NOT NULL, marked_at timestamptz NOT NULL, marked_by text NOT NULL)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE IF EXISTS source_completeness');
  }
}
