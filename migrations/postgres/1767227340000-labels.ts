import type { MigrationInterface, QueryRunner } from 'typeorm';

const kinds = (list: string): string =>
  `ALTER TABLE published_definition DROP CONSTRAINT IF EXISTS published_definition_kind_check,
    ADD CONSTRAINT published_definition_kind_check CHECK (kind IN (${list}))`;

/** Labels are applied definitions too. */
export class Labels1767227340000 implements MigrationInterface {
  readonly name = 'Labels1767227340000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(kinds("'view', 'on_demand', 'service', 'model', 'label'"));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query("DELETE FROM published_definition WHERE kind = 'label'");
    await runner.query(kinds("'view', 'on_demand', 'service', 'model'"));
  }
}
