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
    await runner.query("CREATE INDEX training_set_spine ON training_set ((request -> 'spine' ->> 'id'))");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX training_set_spine');
    await runner.query('DROP TABLE uploaded_spine');
  }
}
