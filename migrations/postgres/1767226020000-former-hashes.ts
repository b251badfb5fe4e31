import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A definition whose hash is written anew by another scheme keeps those that it had: training sets name them. */
export class FormerHashes1767226020000 implements MigrationInterface {
  readonly name = 'FormerHashes1767226020000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE published_definition ADD COLUMN former_hashes text[] NOT NULL DEFAULT '{}'");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE published_definition DROP COLUMN former_hashes');
  }
}
