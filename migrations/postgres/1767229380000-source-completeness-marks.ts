import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Since when each day of a source table has been whole: the instant at which the run of an as-of that waited for it may begin. */
export class SourceCompletenessMarks1767229380000 implements MigrationInterface {
  readonly name = 'SourceCompletenessMarks1767229380000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE IF NOT EXISTS source_completeness_marks (
      name text NOT NULL, through date NOT NULL, marked_at timestamptz NOT NULL, PRIMARY KEY (name, through))`);
    await runner.query(`INSERT INTO source_completeness_marks
      SELECT name, through, marked_at FROM source_completeness ON CONFLICT DO NOTHING`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE IF EXISTS source_completeness_marks');
  }
}
