import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PlatformSecret1767225720000 implements MigrationInterface {
  readonly name = 'PlatformSecret1767225720000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE platform_secret (name text PRIMARY KEY, value bytea NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE platform_secret');
  }
}
