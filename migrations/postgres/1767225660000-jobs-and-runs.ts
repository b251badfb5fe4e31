import type { MigrationInterface, QueryRunner } from 'typeorm';

export class JobsAndRuns1767225660000 implements MigrationInterface {
  readonly name = 'JobsAndRuns1767225660000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE job (
        id text PRIMARY KEY,
        name text NOT NULL,
        state text NOT NULL CHECK (state IN ('WAITING', 'ACTIVE', 'COMPLETED', 'FAILED', 'CANCELLED')),
        progress double precision NOT NULL CHECK (progress BETWEEN 0 AND 1),
        payload jsonb,
        result jsonb,
        error text,
        created_at timestamptz(3) NOT NULL,
        started_at timestamptz(3),
        finished_at timestamptz(3)
      )`);
    await runner.query('CREATE INDEX job_name ON job (name, id)');
    // Open jobs are few among many: the worker asks for them every few seconds.
    await runner.query("CREATE INDEX job_open ON job (id) WHERE state IN ('WAITING', 'ACTIVE')");
    await runner.query(`
      CREATE TABLE materialization_run (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        job_id text NOT NULL,
        view_id text NOT NULL,
        as_of timestamptz(3) NOT NULL,
        knowledge timestamptz(3) NOT NULL,
        kind text NOT NULL CHECK (kind IN ('LIVE', 'BACKFILL')),
        stage text NOT NULL CHECK (stage IN ('STARTED', 'STAGED', 'PUBLISHED', 'COMMITTED')),
        online_stamp timestamptz(3),
        history_stamp timestamptz(3),
        counts jsonb,
        shards_done integer[] NOT NULL,
        UNIQUE (job_id, view_id, as_of)
      )`);
    await runner.query('CREATE INDEX materialization_run_view ON materialization_run (view_id, stage, as_of)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE materialization_run, job');
  }
}
