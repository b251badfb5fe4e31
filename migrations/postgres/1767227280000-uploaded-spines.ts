import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Spines that callers upload, whose rows are in ClickHouse. */
export class UploadedSpines1767227280000 implements MigrationInterface {
  readonly name = 'UploadedSpines1767227280000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE uploaded_spine (
      id text PRIMARY KEY,
      table_name text NOT NULL,
      rows bigint NOT NULL,
      columns json NOT NULL,
      target text,
      uploaded_by text NOT NULL,
      uploaded_at timestamptz(3) NOT NULL
    )`);
    // Beside the request: Postgres keeps text of every kind in json, and reads no value out of it where one holds half a character.
    await runner.query('ALTER TABLE training_set ADD COLUMN spine_id text');
    await runner.query('CREATE INDEX training_set_spine ON training_set (spine_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE training_set DROP COLUMN spine_id');
    await runner.query('DROP TABLE uploaded_spine');
  }
}
