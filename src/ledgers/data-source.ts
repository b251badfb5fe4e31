import 'reflect-metadata';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DataSource, type MigrationInterface, QueryFailedError } from 'typeorm';
import { RiskgraphError } from '../core/errors.js';
import type { Log } from '../core/ports/process.js';
import { ApiKeyEntity } from './api-key.js';
import { AuditLogEntity } from './audit-log.js';
import { JobEntity } from './job.js';
import { MaterializationRunEntity } from './materialization-run.js';
import { PlatformSecretEntity } from './platform-secret.js';
import { PublishedDefinitionEntity } from './published-definition.js';
import { ReportLinkEntity } from './report-link.js';
import { whileLocked } from './session-lock.js';
import { TrainingSetEntity } from './training-set.js';
import { UploadedSpineEntity } from './uploaded-spine.js';

const ENTITIES = [
  ApiKeyEntity,
  AuditLogEntity,
  JobEntity,
  MaterializationRunEntity,
  PlatformSecretEntity,
  PublishedDefinitionEntity,
  ReportLinkEntity,
  TrainingSetEntity,
  UploadedSpineEntity,
];

const MIGRATIONS = new URL('../../migrations/postgres/', import.meta.url);

/** Any number, the same in every process: api and worker start together and only one of them may migrate. */
const MIGRATION_LOCK = '7415001';

/** No transaction waits for anything but Postgres, so one that is idle this long belongs to a process that does not run. */
const STOPPED_TRANSACTION_MS = 10_000;

/** A connection that is silent for this long asks whether the other end is there. */
const KEEP_ALIVE_MS = 10_000;

type MigrationClass = new () => MigrationInterface;

/** Every file of migrations/postgres in the order of its name, which begins with its timestamp. */
async function loadMigrations(): Promise<MigrationClass[]> {
  const files = (await readdir(fileURLToPath(MIGRATIONS))).filter((file) => /^\d{13}-.*\.(ts|js)$/.test(file)).sort();
  const modules = await Promise.all(
    files.map(async (file) => (await import(new URL(file, MIGRATIONS).href)) as Record<string, unknown>),
  );
  return modules.flatMap((exported) =>
    Object.values(exported).filter((value): value is MigrationClass => typeof value === 'function'),
  );
}

async function migrate(dataSource: DataSource, log: Log): Promise<void> {
  const done = await whileLocked(dataSource, { lock: MIGRATION_LOCK }, () =>
    dataSource.runMigrations({ transaction: 'each' }).catch((cause: unknown) => {
      throw mayNot(cause) ? sealed(cause) : cause;
    }),
  );
  if (done.length > 0) log.info({ migrations: done.map(({ name }) => name) }, 'postgres migrated');
  await sealAuditLog(dataSource, log);
}

/** The role of the server may not do something (insufficient_privilege). */
const mayNot = (cause: unknown): cause is Error =>
  cause instanceof QueryFailedError && cause.driverError.code === '42501';

const sealed = (cause: Error): RiskgraphError =>
  new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: `Postgres refuses a migration of this release: ${cause.message}`,
    hint: 'stop the server and run migrations/postgres/roles.sql as a superuser in its database (docs/audit.md), then start it again',
    cause,
  });

/** Where the owner of the server has prepared it, the audit log changes hands: this process may read it and append to it from then on. */
async function sealAuditLog(dataSource: DataSource, log: Log): Promise<void> {
  const [{ open }] = (await dataSource.query(`
    SELECT to_regprocedure('public.seal_audit_log()') IS NOT NULL
      AND (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('public.audit_log')) AS open`)) as [
    { open: boolean | null },
  ];
  if (!open) return;
  await dataSource.query('SELECT public.seal_audit_log()');
  log.info({}, 'the audit log can be read and appended to from now on, and no more');
}

export interface Database {
  readonly dataSource: DataSource;
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Connects to Postgres and brings its tables to the newest migration, one process at a time.
 * @throws STORE_UNAVAILABLE when the server does not answer or refuses us.
 */
export async function openDatabase({ url, log }: { readonly url: string; readonly log: Log }): Promise<Database> {
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    applicationName: 'riskgraph',
    entities: ENTITIES,
    migrations: await loadMigrations(),
    migrationsTableName: 'riskgraph_migration',
    synchronize: false,
    logging: false,
    // Six jobs of a worker may each hold a view and, inside it, a table; the ledger needs some beside them.
    poolSize: 16,
    connectTimeoutMS: 5_000,
    extra: {
      // A process that stands still inside a transaction keeps the rows that it locked from all others.
      idle_in_transaction_session_timeout: STOPPED_TRANSACTION_MS,
      // A server that is gone without a word would be waited for as long as this process lives.
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    },
    // A lost idle connection is replaced by the pool; without a listener it would end the process.
    poolErrorHandler: (error: unknown) => log.warn({ err: error }, 'postgres connection lost'),
  });
  try {
    await dataSource.initialize();
  } catch (cause) {
    throw new RiskgraphError({
      code: 'STORE_UNAVAILABLE',
      message: 'Postgres does not answer',
      hint: 'check POSTGRES_URL and that the server accepts connections from here',
      cause,
    });
  }
  try {
    await migrate(dataSource, log);
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
  return {
    dataSource,
    ping: async () => {
      await dataSource.query('SELECT 1');
    },
    close: () => dataSource.destroy(),
  };
}
