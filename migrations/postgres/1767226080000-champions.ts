import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The champion of a model is what was promoted, and no longer its newest version. A bare name goes on meaning the version that it meant. */
export class Champions1767226080000 implements MigrationInterface {
  readonly name = 'Champions1767226080000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE published_definition ADD COLUMN champion_since timestamptz(3)');
    await runner.query(
      "CREATE UNIQUE INDEX one_champion_a_model ON published_definition (name) WHERE kind = 'model' AND champion_since IS NOT NULL",
    );
    await runner.query(`UPDATE published_definition AS d SET champion_since = now()
      WHERE kind = 'model' AND retired_at IS NULL AND version = (SELECT max(version) FROM published_definition
        WHERE kind = 'model' AND name = d.name AND retired_at IS NULL)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX one_champion_a_model');
    await runner.query('ALTER TABLE published_definition DROP COLUMN champion_since');
  }
}
