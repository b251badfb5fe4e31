import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ViewTurns1767225840000 implements MigrationInterface {
  readonly name = 'ViewTurns1767225840000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE view_turn (view_id text PRIMARY KEY, turn bigint NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE view_turn');
  }
}
