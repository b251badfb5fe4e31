import type { MigrationInterface, QueryRunner } from 'typeorm';

const kinds = (list: string): string =>
  `ALTER TABLE published_definition DROP CONSTRAINT IF EXISTS published_definition_kind_check,
    ADD CONSTRAINT published_definition_kind_check CHECK (kind IN (${list}))`;

/**
 * Facts and indicators have versions, as all definitions that are applied. What was applied without one is the first version of its name. The table
 * that recorded it stays for processes of the release before.
 */
export class IndicatorVersions1767228120000 implements MigrationInterface {
  readonly name = 'IndicatorVersions1767228120000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(kinds("'view', 'on_demand', 'service', 'model', 'label', 'fact', 'indicator'"));
    await runner.query(`
      INSERT INTO published_definition (kind, name, version, id, hash, snapshot, applied_at)
      SELECT 'indicator', name, 1, name || '@1', hash, jsonb_build_object('file', 'indicators/' || name || '.indicator.ts'), now()
      FROM published_indicator`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query("DELETE FROM published_definition WHERE kind IN ('fact', 'indicator')");
    await runner.query(kinds("'view', 'on_demand', 'service', 'model', 'label'"));
  }
}
