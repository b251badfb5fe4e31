-- The roles of the server in Postgres, for a superuser to run in its database, with the server stopped: before its first start, and again before that
-- of a release that changes the audit log. The server connects as riskgraph_platform, which owns its tables and is no superuser.
-- The audit log belongs to riskgraph_audit, as which no one connects. The server may change it until it calls seal_audit_log,
-- once its migrations are done; from then on it reads and appends.

DO $$ BEGIN
  IF to_regrole('riskgraph_platform') IS NULL THEN CREATE ROLE riskgraph_platform LOGIN; END IF;
  IF to_regrole('riskgraph_audit') IS NULL THEN CREATE ROLE riskgraph_audit; END IF;
  EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO riskgraph_platform', current_database());
END $$;

ALTER ROLE riskgraph_platform LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB;

-- To own a table there.
GRANT USAGE, CREATE ON SCHEMA public TO riskgraph_platform, riskgraph_audit;

-- What is there already: of releases without these roles, or with an audit log that is sealed.
DO $$ DECLARE made text; BEGIN
  FOR made IN
    SELECT format('TABLE %s', oid::regclass) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    UNION ALL
    SELECT format('FUNCTION %s', to_regprocedure(name)) FROM unnest(ARRAY[
      'public.audit_hash(bytea, public.audit_log)', 'public.chain_audit_entry()', 'public.move_audit_head()', 'public.prune_audit_log(timestamptz)'
    ]) AS name WHERE to_regprocedure(name) IS NOT NULL
  LOOP
    EXECUTE format('ALTER %s OWNER TO riskgraph_platform', made);
  END LOOP;
END $$;

-- Functions by all of their arguments: of others with the same names the server could make the owner do what it may not do itself.
CREATE OR REPLACE FUNCTION public.seal_audit_log() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE made text; BEGIN
  IF EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('public.audit_log') AND relowner = 'riskgraph_audit'::regrole) THEN RETURN; END IF;
  FOR made IN
    SELECT format('TABLE %s', name) FROM unnest(ARRAY['public.audit_log', 'public.audit_head']) AS name
    UNION ALL
    SELECT format('FUNCTION %s', to_regprocedure(name)) FROM unnest(ARRAY[
      'public.audit_hash(bytea, public.audit_log)', 'public.chain_audit_entry()', 'public.move_audit_head()', 'public.prune_audit_log(timestamptz)'
    ]) AS name WHERE to_regprocedure(name) IS NOT NULL
  LOOP
    EXECUTE format('ALTER %s OWNER TO riskgraph_audit', made);
  END LOOP;
  GRANT SELECT, INSERT ON public.audit_log TO riskgraph_platform;
  GRANT SELECT ON public.audit_head TO riskgraph_platform;
END $$;
