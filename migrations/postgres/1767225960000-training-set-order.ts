import type { MigrationInterface, QueryRunner } from 'typeorm';

const asType = (type: string): string =>
  `ALTER TABLE training_set ALTER COLUMN request TYPE ${type} USING request::${type},
    ALTER COLUMN result TYPE ${type} USING result::${type}`;

/** jsonb sorts keys: a spine's columns, and so the file's, came in another order than the caller gave. */
export class TrainingSetOrder1767225960000 implements MigrationInterface {
  readonly name = 'TrainingSetOrder1767225960000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(asType('json'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(asType('jsonb'));
  }
}
