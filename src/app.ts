import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createCatalogueBrowser } from './catalogue/browser.js';
import { createCatalogue } from './catalogue/catalogue.js';
import { createFreshCatalogue } from './catalogue/fresh-catalogue.js';
import { freshness } from './catalogue/freshness.js';
import { createLearner } from './catalogue/learn.js';
import { createCatalogueMetrics } from './catalogue/metrics.js';
import { createPlanCosts } from './catalogue/plan-costs.js';
import { createViewPreviews } from './catalogue/preview.js';
import { createViewPruner } from './catalogue/prune.js';
import { inForce } from './catalogue/published.js';
import { createRegistryPlanner } from './catalogue/registry-plan.js';
import type { Config } from './config.js';
import { createBreaker, throughBreaker } from './core/breaker.js';
import { plannedLabel } from './core/compute/labels/label-sql.js';
import { Mask } from './core/compute/masking.js';
import type { Model, View } from './core/definitions/definitions.js';
import { RiskgraphError } from './core/errors.js';
import { BusinessCalendar, SECOND } from './core/helpers/time.js';
import type { SourceTable } from './core/lending/sources.js';
import { type CompareTables, serveStored, tagProblems } from './core/lending/table-fit.js';
import type { RateCount } from './core/ports/access.js';
import type { JobServices } from './core/ports/job-services.js';
import type { Clock } from './core/ports/process.js';
import type { PublishedDefinition } from './core/ports/serving.js';
import type { TrainingSetService } from './core/ports/training-sets.js';
import { createGangReader } from './derived/gangs/reader.js';
import { createLabelComputer } from './derived/labels/compute.js';
import { createLabelEvidence } from './derived/labels/evidence.js';
import { openDerivedTables } from './derived/list.js';
import type { ApiServices } from './graphql/context.js';
import { createIndicators } from './indicators/indicators.js';
import { misViews } from './indicators/mis-views.js';
import { createReportLinks } from './indicators/report-links.js';
import { planReport } from './indicators/try.js';
import { createAuditLog } from './ledgers/audit-journal.js';
import { createCompletenessLedger } from './ledgers/completeness-ledger.js';
import { openDatabase } from './ledgers/data-source.js';
import { createDefinitionLedger } from './ledgers/definition-ledger.js';
import { createJobLedger } from './ledgers/job-ledger.js';
import { createKeyStore } from './ledgers/key-store.js';
import { createLeases } from './ledgers/leases.js';
import { sharedSecret } from './ledgers/platform-secret.js';
import { createReportLinkLedger } from './ledgers/report-link-ledger.js';
import { createRunLedger } from './ledgers/run-ledger.js';
import { createSpineLedger } from './ledgers/spine-ledger.js';
import { createStoreClock } from './ledgers/store-clock.js';
import { createTrainingSetLedger } from './ledgers/training-set-ledger.js';
import { lateness, waits } from './materialize/lateness.js';
import { createMaterializer } from './materialize/materializer.js';
import { createPortfolioScores } from './materialize/portfolio-scores.js';
import { createContentWatch, createRestorer } from './materialize/restore.js';
import { createColumnsRead } from './offline/history/columns-read.js';
import { createFeatureProfiles } from './offline/history/feature-profiles.js';
import { createOfflineReader } from './offline/reader.js';
import { createTrainingSetBuilder } from './offline/training/builder.js';
import { createOfflineWriters } from './offline/writer.js';
import { checkedReads, createOnlineContent, lossOf, reportContent } from './online/content.js';
import { createMemoryMetrics } from './online/memory.js';
import { createOnlineReads } from './online/online-reads.js';
import { createOnlineStore } from './online/online-store.js';
import { createRateCount } from './online/rate-count.js';
import { openRedis } from './online/redis.js';
import { createQueueMetrics } from './queue/metrics.js';
import { createQueue } from './queue/queue.js';
import { openRegistry, ownTables } from './registry/grow.js';
import { loadTables } from './registry/load.js';
import { createScorer } from './scoring/onnx-scorer.js';
import { createInvestigation } from './serving/investigation.js';
import { createOnlineFeatures } from './serving/online-features.js';
import { createScoring } from './serving/scores.js';
import { countServed } from './serving/served-values.js';
import { createSpines } from './serving/spines.js';
import { createTrainingSets } from './serving/training-sets.js';
import { createArrivals } from './sources/arrivals.js';
import { createCompleteness } from './sources/completeness.js';
import { createSpineStore } from './sources/spines/store.js';
import { removeLeft } from './sources/spool.js';
import { createSourceStore } from './sources/store.js';
import { createSourceSweep } from './sources/sweep.js';
import { createTelemetry } from './telemetry/telemetry.js';
import { answering } from './warehouse/answering.js';
import { openClickHouse } from './warehouse/client.js';
import { migrateClickHouse } from './warehouse/migrate.js';
import { createMisReader } from './warehouse/mis/reader.js';
import { createMisViews } from './warehouse/mis/views.js';
import { compareOwnTables, makeOwnTables } from './warehouse/own-tables.js';
import { fitTables, madeTables } from './warehouse/table-shapes.js';
import { createUserSql, USER_SQL_CONNECTIONS } from './warehouse/user-sql.js';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const DATABASE = 'riskgraph';
/** How long another process may serve before it sees what this one applied or retired. */
const CATALOGUE_REFRESH_MS = 2 * SECOND;
/** By then every process has seen a retirement: one interval until a refresh begins, one for the refresh itself. */
const FOLLOWED_MS = 2 * CATALOGUE_REFRESH_MS;

/**
 * When a store is suspected not to answer, and how long its answer is then waited for, in ms. Redis answers within a millisecond where its
 * server does; the others have work that keeps them.
 */
const PATIENCE = {
  redis: { suspectAfterMs: 100, patienceMs: 1_000 },
  postgres: { suspectAfterMs: 1_000, patienceMs: 3_000 },
  clickhouse: { suspectAfterMs: 3_000, patienceMs: 5_000 },
} as const;

/** Options of a test: what it replaces. */
export interface Given {
  /** Folder whose tables/, features/, labels/, indicators/, models/ and jobs/ are the definitions. */
  readonly definitions?: string;
  readonly clock?: Clock;
  readonly clickhouseDatabase?: string;
}

export type App = Awaited<ReturnType<typeof createApp>>;

/** The only place that wires: top to bottom, in the order in which data passes. What opens a resource returns its `close`. */
export async function createApp(config: Config, given: Given = {}) {
  const { postgresUrl, redisUrl, clickhouseUrl } = requireStores(config);
  const clock = given.clock ?? Date.now;
  const calendar = new BusinessCalendar(config.portfolio.timezone);
  const layers = { root: given.definitions ?? PACKAGE, project: config.project };
  const telemetry = createTelemetry({
    level: config.logLevel,
    pretty: process.stderr.isTTY === true,
    personal: (await loadTables(layers)).personalColumns,
  });
  const { log, metrics } = telemetry;
  const closers: (() => Promise<void> | void)[] = [];
  const opened = <T>(resource: T, close: () => Promise<void> | void): T => {
    closers.unshift(close);
    return resource;
  };
  const close = async (): Promise<void> => {
    for (const end of closers.splice(0)) await end();
  };

  try {
    const database = await openDatabase({ url: postgresUrl, log });
    opened(database, () => database.close());
    const { dataSource } = database;
    // A test that sets the clock sets that of the stores too.
    const storeClock = given.clock ? undefined : createStoreClock(dataSource);
    const store = openClickHouse({ url: clickhouseUrl, database: given.clickhouseDatabase ?? DATABASE, log, metrics });
    opened(store, () => store.close());
    await store.createDatabase(given.clickhouseDatabase ?? DATABASE);
    const jobs = createJobLedger(dataSource);
    const definitions = createDefinitionLedger(dataSource);
    const { registry, grow, onDisk, refuseModel, refuseTable } = await openRegistry(
      { ...layers, currency: config.portfolio.currency, madeTables: await madeTables(store) },
      inForce(await definitions.all()),
    );
    const { tables } = registry;
    const mask = new Mask(await sharedSecret(dataSource, 'mask', randomBytes(32)), tables.personalColumns);

    const migrations = join(PACKAGE, 'migrations/clickhouse');
    const own = ownTables(tables);
    const shipped = tables.all.filter((table) => !own.includes(table));
    await migrateClickHouse({ clickhouse: store, directory: migrations, tables: shipped, clock, log });
    // A project's tables are made by an apply, which a plan has shown.
    const compareOwn: CompareTables = async (tables) => {
      const applied = await definitions.tables();
      return (await compareOwnTables(store, tables, calendar.timezone)).map((fit) => {
        const table = tables.find(({ name }) => name === fit.table) as SourceTable;
        const before = applied.find(({ name }) => name === fit.table);
        return { ...fit, problems: [...fit.problems, ...tagProblems(table, fit, before)] };
      });
    };
    const fits = [...(await fitTables(store, shipped)), ...(await compareOwn(own))];
    for (const [table, problems] of serveStored(tables, fits)) refuseTable(table, problems);
    const userStore = openClickHouse({
      url: clickhouseUrl,
      database: given.clickhouseDatabase ?? DATABASE,
      log,
      metrics,
      connections: USER_SQL_CONNECTIONS,
    });
    opened(userStore, () => userStore.close());
    const userSql = createUserSql(userStore);
    const tempDir = join(config.home, 'tmp');
    await removeLeft(tempDir, clock()).catch((err: unknown) => log.warn({ err }, 'files of killed imports stay'));
    const leases = createLeases(dataSource);
    const sources = createSourceStore({
      clickhouse: store,
      tables,
      userSql,
      calendar,
      log,
      metrics,
      tempDir,
      quarantineRows: config.quarantineRows,
      datum: config.portfolio.datum,
      leases,
      storeClock,
    });
    opened(sources, () => sources.close());
    const completeness = createCompleteness({
      ledger: createCompletenessLedger(dataSource),
      clickhouse: store,
      tables,
      calendar,
      storeClock: storeClock ?? (async () => clock()),
      log,
    });
    const offline = createOfflineReader({ store, calendar, log });
    const writers = createOfflineWriters({ store, calendar, log });

    const serving = await openRedis({ url: redisUrl, log, purpose: 'serving' });
    opened(serving, () => serving.close());
    const online = createOnlineStore({ client: serving.client, prefix: 'riskgraph', clock, log, metrics });
    const freshEpoch = randomBytes(16);
    const epoch = await sharedSecret(dataSource, 'online-epoch', freshEpoch);
    const content = createOnlineContent({ client: serving.client, prefix: 'riskgraph', epoch: epoch.toString('hex') });
    const carrier = await openRedis({ url: redisUrl, log, purpose: 'queue' });
    opened(carrier, () => carrier.close());
    const queue = createQueue({
      redis: carrier.client,
      jobs: registry.jobs,
      ledger: jobs,
      calendar,
      clock,
      storeClock,
      log,
      metrics,
    });
    opened(queue, () => queue.close());

    // Requests are told at once where a store is known not to answer; jobs wait for it.
    const breakerOf = (name: keyof typeof PATIENCE, ping: () => Promise<void>) => {
      const breaker = createBreaker({ store: name, ping, ...PATIENCE[name], log, metrics });
      return opened(breaker, () => breaker.close());
    };
    const redisBreaker = breakerOf('redis', () => online.ping());
    const postgresBreaker = breakerOf('postgres', () => database.ping());
    const reads = answering(
      store,
      breakerOf('clickhouse', () => store.ping()),
    );
    const auditKey = await sharedSecret(dataSource, 'audit', randomBytes(32));
    const audit = createAuditLog({ dataSource, key: auditKey, breaker: postgresBreaker, clock, metrics, log });
    opened(audit, () => audit.close());
    const countRequests = createRateCount({ client: serving.client, prefix: 'riskgraph' });
    const rateCount: RateCount = (key, windowMs) => redisBreaker.run(() => countRequests(key, windowMs));

    const scorer = createScorer({ executionProvider: config.executionProvider });
    opened(scorer, () => scorer.close());
    for (const model of [...registry.models.values()]) {
      await scorer.open([model]).catch((cause: Error) => refuseModel(model, cause.message));
    }
    metrics.gauge('definitions_refused', registry.refused.length);
    for (const { file, reasons } of registry.refused) log.error({ file, reasons }, 'a definition file is refused');

    const runs = createRunLedger(dataSource);
    const derivedTables = openDerivedTables({
      clickhouse: store,
      tables,
      calendar,
      log,
      metrics,
      leases,
    });
    const derived = Object.values(derivedTables);
    const materializer = createMaterializer({
      arrivals: createArrivals(store),
      completeness,
      derived,
      offline,
      writers,
      online,
      ledger: runs,
      leases,
      scores: createPortfolioScores({ offline, scorer, sources, clock }),
      viewsAtOnce: config.backfillViews,
      calendar,
      clock,
      storeClock,
      log,
      metrics,
    });
    const sets = createTrainingSetLedger(dataSource);
    const learn = createLearner({
      grow: async (wanted) => {
        const left = await grow(wanted, { models: (models) => scorer.open(models), tables: compareOwn });
        metrics.gauge('definitions_refused', registry.refused.length);
        return left;
      },
      log,
    });
    const catalogue = createCatalogue({ registry, ledger: definitions, learn });
    const readDisk = async (applied: readonly PublishedDefinition[]) => {
      // A draft is tried apart from the models that are served.
      const tried = createScorer({ executionProvider: config.executionProvider });
      const opening = { models: (models: readonly Model[]) => tried.open(models), tables: compareOwn };
      const disk = await onDisk(applied, opening).finally(() => tried.close());
      metrics.gauge('definitions_refused', disk.refused.length);
      return disk;
    };
    const mis = createMisReader({
      views: createMisViews({
        store,
        views: () => misViews(catalogue.facts(), calendar),
        secret: await sharedSecret(dataSource, 'mis', randomBytes(16)),
        log,
      }),
      userSql,
    });
    const planner = createRegistryPlanner({
      registry,
      onDisk: readDisk,
      ledger: definitions,
      trainingSets: sets,
      offline,
      planReport: (reported) => planReport(reported, offline, calendar),
      planLabel: (label) => offline.planSelect(plannedLabel(label, calendar.timezone)),
      makeTables: (tables) => makeOwnTables(store, tables, calendar.timezone),
      writers,
      online,
      now: clock,
      // Where Redis is away, the restoration marks them once it is back.
      vouch: (views) => content.vouch(views).catch((error) => log.warn({ err: error }, 'new views are not marked yet')),
      costs: createPlanCosts({ materializer, offline, online, calendar, now: clock }),
      onChange: async () => {
        await catalogue.refresh();
        await mis.keepInStep().catch((error) => log.warn({ err: error }, 'the views of facts stay as they were'));
      },
      othersFollow: () => sleep(FOLLOWED_MS),
    });
    const notice = await planner.checkBoot();
    if (notice !== null) log.warn({}, notice);
    await catalogue.refresh();
    // The first start that marks views: what an earlier release wrote is taken as whole.
    if (epoch.equals(freshEpoch)) await content.vouch(catalogue.views());
    const following = catalogue.follow(CATALOGUE_REFRESH_MS, log);
    opened(following, () => following.close());

    const spines = createSpines({
      store: createSpineStore({
        store,
        entities: () => registry.entities.values(),
        limits: config.spineLimits,
        log,
        tempDir,
      }),
      ledger: createSpineLedger(dataSource),
      limits: config.spineLimits,
      days: config.spineDays,
      clock,
    });
    const trainingSets = createTrainingSets({
      registry,
      offline,
      builder: createTrainingSetBuilder({
        store,
        calendar,
        tables,
        userSql,
        mask,
        spineLimits: config.spineLimits,
        log,
      }),
      spines,
      history: materializer,
      historyBudget: config.historyBudget,
      queue,
      jobs,
      mostOpen: config.unfinishedSets,
      mostUncovered: config.staleShare,
      mask,
      clock,
      ledger: sets,
      definitions,
      folder: join(config.home, 'training-sets'),
    });
    const pruner = createViewPruner({
      ledger: definitions,
      trainingSets: sets,
      offline,
      writers,
      online,
      now: clock,
      leases,
    });
    const onlineFeatures = countServed(
      createOnlineFeatures({ online: createOnlineReads(checkedReads(online, content), redisBreaker) }),
      metrics,
    );
    const memory = createMemoryMetrics(serving.client, metrics);
    const profiles = createFeatureProfiles({ store });
    const profileReads = createFeatureProfiles({ store: reads });
    const history = createOfflineReader({ store: reads, calendar, log });
    const standing = { ledger: runs, calendar, derived, completeness };
    const ages = (views: readonly View[]) =>
      freshness({ offline: history, waits: (of, now) => waits(standing, of, now) }, views, clock());
    const gangs = createGangReader({ clickhouse: reads, tables, calendar });
    const api: ApiServices = {
      registry,
      catalogue,
      planner,
      previews: createViewPreviews({
        onDisk: async () => readDisk(inForce(await definitions.all())),
        offline: history,
        now: clock,
      }),
      pruner,
      onlineFeatures,
      offline: history,
      sources,
      completeness,
      trainingSets: throughBreaker<TrainingSetService>(trainingSets, postgresBreaker),
      spines,
      jobs: throughBreaker(jobs, postgresBreaker),
      queue,
      mask,
      calendar,
      scoring: createScoring({ features: onlineFeatures, scorer, metrics }),
      indicators: createIndicators({ catalogue, query: reads, calendar }),
      reportLinks: createReportLinks({
        ledger: throughBreaker(createReportLinkLedger(dataSource), postgresBreaker),
        catalogue,
        now: clock,
      }),
      mis,
      labels: createLabelEvidence({ query: reads, calendar }),
      gangs,
      investigation: createInvestigation({
        gangs,
        sources,
        tables,
        query: reads,
        mask,
        timezone: calendar.timezone,
        clock,
      }),
      freshness: ages,
      backfills: materializer,
      browser: createCatalogueBrowser({ registry, catalogue, derived }),
      profiles: profileReads,
      columns: createColumnsRead(reads),
      reportGauges: {
        views: createCatalogueMetrics({
          views: () => catalogue.views(),
          freshness: ages,
          lateness: (views) => lateness(standing, views, clock()),
          profiles: profileReads,
          tables: () => completeness.of(tables.served),
          metrics,
          calendar,
          clock,
        }),
        queue: createQueueMetrics({ jobs: registry.jobs, ledger: jobs, metrics, clock }),
        redis: async () => {
          await memory();
          await reportContent(catalogue.views(), content, metrics);
        },
      },
      audit,
      now: clock,
    };
    const worker: JobServices = {
      catalogue: createFreshCatalogue({ catalogue, ledger: definitions, clock, followedAfter: FOLLOWED_MS }),
      ...derivedTables,
      labels: createLabelComputer({
        clickhouse: store,
        calendar,
        leases,
        derived,
        clock,
        storeClock,
        log,
        metrics,
      }),
      materializer,
      republishDays: config.republishDays,
      offline,
      offlineWriters: writers,
      online,
      onlineContent: content,
      restorer: createRestorer({ offline, writers, online, content, clock }),
      trainingSets,
      sourceSweep: createSourceSweep({
        clickhouse: store,
        tables,
        calendar,
        clock: storeClock ?? (async () => clock()),
      }),
      spines,
      profiles,
      pruner,
    };
    const watchContent = createContentWatch({ views: () => catalogue.views(), content, jobs, queue, log });
    const contentLost = () => lossOf(catalogue.views(), content);
    const stores = { postgres: () => database.ping(), clickhouse: () => store.ping(), redis: () => online.ping() };
    const services = {
      api,
      worker,
      sources,
      queue,
      keys: createKeyStore(dataSource),
      stores,
      rateCount,
      watchContent,
      contentLost,
    };
    return { config, services, registry, telemetry, close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

function requireStores({ postgresUrl, redisUrl, clickhouseUrl }: Config) {
  if (postgresUrl && redisUrl && clickhouseUrl) return { postgresUrl, redisUrl, clickhouseUrl };
  throw new RiskgraphError({
    code: 'BAD_USER_INPUT',
    message: 'POSTGRES_URL, REDIS_URL and CLICKHOUSE_URL must name the stores of an API or a worker',
    hint: '`npm start` starts those that have no URL and fills them in',
  });
}
