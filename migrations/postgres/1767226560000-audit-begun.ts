import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An audited call is recorded before it begins, too. */
export class AuditBegun1767226560000 implements MigrationInterface {
  readonly name = 'AuditBegun1767226560000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit_log DROP CONSTRAINT audit_log_outcome_check');
    await runner.query(`ALTER TABLE audit_log ADD CONSTRAINT audit_log_outcome_check
      CHECK (outcome IN ('BEGUN', 'DONE', 'REFUSED', 'FAILED'))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit_log DROP CONSTRAINT audit_log_outcome_check');
    await runner.query(`ALTER TABLE audit_log ADD CONSTRAINT audit_log_outcome_check
      CHECK (outcome IN ('DONE', 'REFUSED', 'FAILED')) NOT VALID`);
  }
}
