import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PlatformTables1767225600000 implements MigrationInterface {
  readonly name = 'PlatformTables1767225600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE published_definition (
        kind text NOT NULL CHECK (kind IN ('view', 'service', 'model')),
        id text NOT NULL,
        name text NOT NULL,
        version integer NOT NULL CHECK (version > 0),
        hash text NOT NULL,
        snapshot jsonb NOT NULL,
        applied_at timestamptz(3) NOT NULL,
        retired_at timestamptz(3),
        PRIMARY KEY (kind, id)
      )`);
    await runner.query(`
      CREATE TABLE api_key (
        sha256 text PRIMARY KEY,
        role text NOT NULL,
        name text NOT NULL,
        created_at timestamptz(3) NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE audit_log (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz(3) NOT NULL,
        request_id text NOT NULL,
        caller jsonb,
        action text NOT NULL,
        outcome text NOT NULL CHECK (outcome IN ('DONE', 'REFUSED', 'FAILED')),
        address text NOT NULL,
        details jsonb NOT NULL
      )`);
    await runner.query('CREATE INDEX audit_log_at ON audit_log (at)');
    await runner.query(`
      CREATE TABLE training_set (
        id text PRIMARY KEY,
        name text NOT NULL,
        job_id text NOT NULL,
        request jsonb NOT NULL,
        features jsonb NOT NULL,
        result jsonb,
        created_at timestamptz(3) NOT NULL
      )`);
    await runner.query('CREATE INDEX training_set_created_at ON training_set (created_at, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE training_set, audit_log, api_key, published_definition');
  }
}
