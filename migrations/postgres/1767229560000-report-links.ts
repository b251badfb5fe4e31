import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Report links: of each the SHA-256 of the secret in its address, and what it reads. */
export class ReportLinks1767229560000 implements MigrationInterface {
  readonly name = 'ReportLinks1767229560000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE IF NOT EXISTS report_link (
      id text PRIMARY KEY, sha256 text NOT NULL UNIQUE, name text NOT NULL, report text NOT NULL, indicators json NOT NULL, row_rights json NOT NULL,
      created_by text NOT NULL, created_at timestamptz(3) NOT NULL, expires_at timestamptz(3), revoked_at timestamptz(3))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE IF EXISTS report_link');
  }
}
