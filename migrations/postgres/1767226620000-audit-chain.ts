import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Chains the audit log: each entry has the hash of itself and of the one before. A trigger does it, so that the entries of several processes,
 * also of the release before, are one chain. The row of `audit_head` is the end of the chain, which its writers take in turn, and the anchor,
 * the last entry that was pruned.
 */
export class AuditChain1767226620000 implements MigrationInterface {
  readonly name = 'AuditChain1767226620000';

  async up(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
    // The functions may run with other rights than their caller's: nothing of a caller's own schema stands for a table or a function in them.
    const safely = `SECURITY DEFINER SET search_path = pg_catalog, ${schema}, pg_temp`;
    await runner.query('ALTER TABLE audit_log ADD COLUMN seq bigint, ADD COLUMN hash bytea');
    await runner.query(`
      CREATE TABLE audit_head (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        seq bigint NOT NULL,
        hash bytea NOT NULL,
        anchor_seq bigint NOT NULL,
        anchor_hash bytea NOT NULL
      )`);
    await runner.query(`INSERT INTO audit_head (seq, hash, anchor_seq, anchor_hash) VALUES (0, '', 0, '')`);
    await runner.query(`
      CREATE FUNCTION audit_hash(previous bytea, entry audit_log) RETURNS bytea LANGUAGE sql STABLE AS $$
        SELECT sha256(previous || convert_to(jsonb_build_array(
          entry.seq, entry.id, (extract(epoch FROM entry.at) * 1000)::bigint, entry.request_id, entry.caller, entry.action,
          entry.outcome, entry.address, entry.details)::text, 'UTF8'))
      $$`);
    await runner.query(`
      CREATE FUNCTION chain_audit_entry() RETURNS trigger LANGUAGE plpgsql ${safely} AS $$
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
    await runner.query(`
      DO $$
        DECLARE
          entry audit_log;
          head audit_head;
        BEGIN
          SELECT * INTO STRICT head FROM audit_head;
          FOR entry IN SELECT * FROM audit_log ORDER BY id LOOP
            entry.seq := head.seq + 1;
            head.hash := audit_hash(head.hash, entry);
            head.seq := entry.seq;
            UPDATE audit_log SET seq = head.seq, hash = head.hash WHERE id = entry.id;
          END LOOP;
          UPDATE audit_head SET seq = head.seq, hash = head.hash;
        END
      $$`);
    await runner.query('ALTER TABLE audit_log ALTER COLUMN seq SET NOT NULL, ALTER COLUMN hash SET NOT NULL');
    await runner.query('CREATE UNIQUE INDEX audit_log_seq ON audit_log (seq)');
    await runner.query(
      `CREATE TRIGGER chain BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION chain_audit_entry()`,
    );
    // Some thousand at a time: the writers wait for the head. What is young stays, for every caller.
    await runner.query(`
      CREATE FUNCTION prune_audit_log(before timestamptz) RETURNS bigint LANGUAGE plpgsql ${safely} AS $$
        DECLARE
          head audit_head;
          newest bigint;
          anchor bytea;
        BEGIN
          IF before > now() - interval '30 days' THEN
            RAISE EXCEPTION 'entries of the last 30 days are kept';
          END IF;
          SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
          SELECT coalesce(min(seq) FILTER (WHERE at >= before) - 1, max(seq)) INTO newest
          FROM (SELECT seq, at FROM audit_log ORDER BY seq LIMIT 5000) oldest;
          SELECT hash INTO anchor FROM audit_log WHERE seq = newest;
          IF newest IS NULL OR newest <= head.anchor_seq OR anchor IS NULL THEN
            RETURN 0;
          END IF;
          DELETE FROM audit_log WHERE seq <= newest;
          UPDATE audit_head SET anchor_seq = newest, anchor_hash = anchor;
          RETURN newest - head.anchor_seq;
        END
      $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER chain ON audit_log');
    await runner.query('DROP FUNCTION prune_audit_log(timestamptz), chain_audit_entry(), audit_hash(bytea, audit_log)');
    await runner.query('DROP TABLE audit_head');
    await runner.query('ALTER TABLE audit_log DROP COLUMN seq, DROP COLUMN hash');
  }
}
