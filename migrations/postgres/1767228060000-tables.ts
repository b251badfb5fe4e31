import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The source tables of a project as they were last applied: another process knows by the hash what to take up, and a plan by the columns what changed. */
export class Tables1767228060000 implements MigrationInterface {
  readonly name = 'Tables1767228060000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE TABLE IF NOT EXISTS published_table (name text PRIMARY KEY, hash text NOT NULL, personal text[] NOT NULL)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE IF EXISTS published_table');
  }
}
