import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Rights to rows of a generated key, as its entry in the key file writes them. */
export class RowRights1767229500000 implements MigrationInterface {
  readonly name = 'RowRights1767229500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE api_key ADD COLUMN IF NOT EXISTS row_rights text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE api_key DROP COLUMN IF EXISTS row_rights');
  }
}
