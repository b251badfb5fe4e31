import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The indicators of the last apply, by content hash: they have no versions, so another process knows by it what to serve. */
export class Indicators1767227040000 implements MigrationInterface {
  readonly name = 'Indicators1767227040000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE IF NOT EXISTS published_indicator (name text PRIMARY KEY, hash text NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE IF EXISTS published_indicator');
  }
}
