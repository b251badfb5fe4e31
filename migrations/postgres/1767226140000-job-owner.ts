import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The key that asked for a job: its caller may cancel it, and has a bounded number that have not ended. */
export class JobOwner1767226140000 implements MigrationInterface {
  readonly name = 'JobOwner1767226140000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE job ADD COLUMN owner text');
    await runner.query("CREATE INDEX open_jobs_of_owner ON job (owner) WHERE state IN ('WAITING', 'ACTIVE')");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE job DROP COLUMN owner');
  }
}
