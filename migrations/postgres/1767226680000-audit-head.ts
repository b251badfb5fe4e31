import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Moves the head of the audit log's chain once for each statement. Postgres keeps every version of the head for as long as a dump or another
 * long transaction runs, and each entry of a statement of hundreds made one, through all of which the next had to look.
 */
export class AuditHead1767226680000 implements MigrationInterface {
  readonly name = 'AuditHead1767226680000';

  async up(runner: QueryRunner): Promise<void> {
    const safely = await rightsOf(runner);
    // The entries before one in its statement are seen in the table. Where the newest is of this transaction, the head is locked already.
    await runner.query(`
      CREATE OR REPLACE FUNCTION chain_audit_entry() RETURNS trigger LANGUAGE plpgsql ${safely} AS $$
        DECLARE
          newest record;
          head audit_head;
        BEGIN
          SELECT seq, hash, xmin = pg_current_xact_id()::xid AS ours INTO newest FROM audit_log ORDER BY seq DESC LIMIT 1;
          IF newest.ours IS NOT TRUE THEN
            SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
            SELECT seq, hash INTO newest FROM audit_log WHERE seq > head.seq ORDER BY seq DESC LIMIT 1;
            IF newest.seq IS NULL THEN
              SELECT head.seq, head.hash INTO newest;
            END IF;
          END IF;
          NEW.seq := newest.seq + 1;
          NEW.hash := audit_hash(newest.hash, NEW);
          RETURN NEW;
        END
      $$`);
    await runner.query(`
      CREATE FUNCTION move_audit_head() RETURNS trigger LANGUAGE plpgsql ${safely} AS $$
        BEGIN
          UPDATE audit_head SET seq = newest.seq, hash = newest.hash
          FROM (SELECT seq, hash FROM audit_log ORDER BY seq DESC LIMIT 1) AS newest
          WHERE audit_head.seq < newest.seq;
          RETURN NULL;
        END
      $$`);
    await runner.query(
      'CREATE TRIGGER move_head AFTER INSERT ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION move_audit_head()',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER move_head ON audit_log');
    await runner.query('DROP FUNCTION move_audit_head()');
    await runner.query(`
      CREATE OR REPLACE FUNCTION chain_audit_entry() RETURNS trigger LANGUAGE plpgsql ${await rightsOf(runner)} AS $$
        DECLARE
          head audit_head;
        BEGIN
          SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
          NEW.seq := head.seq + 1;
          NEW.hash := audit_hash(head.hash, NEW);
          UPDATE audit_head SET seq = NEW.seq, hash = NEW.hash;
          RETURN NEW;
        END
      $$`);
  }
}

/** The functions may run with other rights than their caller's: nothing of a caller's own schema stands for a table or a function in them. */
async function rightsOf(runner: QueryRunner): Promise<string> {
  const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
  return `SECURITY DEFINER SET search_path = pg_catalog, ${schema}, pg_temp`;
}
