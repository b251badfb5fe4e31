/**
 * Rule 22. Definition files that were applied, then edited: each case starts the application on the edited files and the stores where the
 * files before the edit are applied. Or it retires a version of the files as they are.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { expect } from 'vitest';
import { type App, createApp } from '../../src/app.js';
import { loadConfig } from '../../src/config.js';
import { freshHome } from '../support/homes.js';
import { asProject } from '../support/projects.js';
import { freshClickHouseDatabase, freshPostgresDatabase, freshRedis } from '../support/stores.js';
import { type Case, defineRule, shared } from './conformance.js';

/** Text by path; null: no such file. */
type Files = Readonly<Record<string, string | null>>;

const view = (days: number, more = ''): string => `
import { customer } from '../entities.js';
import { SINCE } from '../since.js';
export default defineFeatureView({
  entity: customer, description: 'Logins', owner: 'risk', schedule: { every: 'day', delay: '2h' }, ttl: '30d',
  features: { logins: int32({ description: 'Logins so far' }) },${more}
  query: ({ source, asOf }) => sql\`SELECT customer_id, toInt32(count()) AS logins FROM \${source('events')}
    WHERE event_time > \${asOf.minusDays(${days} + SINCE)} GROUP BY customer_id\`,
});`;
const service = (features: string): string =>
  `export default defineFeatureService({ description: 'x', owner: 'risk', features: [${features}] });`;

const FEATURES = 'features/entities.ts';
const HELPER = 'features/since.ts';
const V1 = 'features/customer/logins.v1.view.ts';
const V2 = 'features/customer/logins.v2.view.ts';
const V3 = 'features/customer/logins.v3.view.ts';
const OTHER = 'features/customer/other.v1.view.ts';
const SERVICE = 'features/services/login.v1.service.ts';
const OTHER_SERVICE = 'features/services/other.v1.service.ts';
const COPY = 'features/copy/logins.v1.view.ts';

const entity = (keys: string): string =>
  `export const customer = defineEntity({ name: 'customer', joinKeys: [${keys}], description: 'A person' });`;

/** What is applied before each case: a service pins the first of two versions. */
const APPLIED: Files = {
  [FEATURES]: entity("'customer_id'"),
  [HELPER]: 'export const SINCE = 1;',
  [V1]: view(30),
  [V2]: view(60),
  [SERVICE]: service("'logins@1:logins'"),
};

interface Edited extends Case {
  readonly edit: Files;
  /** What each of the problems says that keep it from starting; none: it starts. */
  readonly refused: readonly RegExp[];
  /** Where it starts: what the plan says of each file that it cannot use; nothing can be applied while there is one. */
  readonly bad?: readonly RegExp[];
  /** Where it starts: what the plan would do. */
  readonly plan?: readonly string[];
}

const changed = (id: string, next: string, file: string): RegExp =>
  new RegExp(`${id} was applied and has changed.*${file.replaceAll('.', '\\.')}.*${next}`);

const EDITED: readonly Edited[] = [
  { name: 'the files as they were applied start, and there is nothing to do', edit: {}, refused: [], plan: [] },
  {
    name: 'a comment and another layout change no meaning',
    edit: { [V1]: `// How often.\n${view(30).replace("owner: 'risk', ", "\n    owner: 'risk',\n    ")}` },
    refused: [],
    plan: [],
  },
  {
    name: 'another query under the same version is refused with the words to bump it',
    edit: { [V2]: view(61) },
    refused: [changed('view logins@2', 'logins@3', 'logins.v2.view.ts')],
  },
  {
    name: 'another ttl under the same version is refused',
    edit: { [V2]: view(60).replace("'30d'", "'31d'") },
    refused: [changed('view logins@2', 'logins@3', 'logins.v2.view.ts')],
  },
  {
    name: 'another type of a feature under the same version is refused',
    edit: { [V2]: view(60).replace('int32(', 'int64(').replace('toInt32', 'toInt64') },
    refused: [changed('view logins@2', 'logins@3', 'logins.v2.view.ts')],
  },
  {
    name: 'another value of a helper is refused for every version that imports it',
    edit: { [HELPER]: 'export const SINCE = 2;' },
    refused: [
      changed('view logins@1', 'logins@2', 'logins.v1.view.ts'),
      changed('view logins@2', 'logins@3', 'logins.v2.view.ts'),
    ],
  },
  {
    name: 'another list of a service under the same version is refused',
    edit: { [SERVICE]: service("'logins@2:logins'") },
    refused: [changed('service login@1', 'login@2', 'login.v1.service.ts')],
  },
  {
    name: 'a view whose file is gone is refused: it is to be retired first',
    edit: { [V2]: null },
    refused: [/logins@2 .*file is gone.*retire/],
  },
  {
    name: 'all that is wrong is said at once',
    edit: { [V1]: view(31), [V2]: null },
    refused: [changed('view logins@1', 'logins@2', 'logins.v1.view.ts'), /logins@2 .*file is gone/],
  },
  {
    name: 'a new file that does not load is refused by name, and nothing is applied while it is there',
    edit: { [OTHER]: 'export default defineFeatureView({', [V3]: view(61) },
    refused: [],
    bad: [/other\.v1\.view\.ts is refused: does not load: /],
    plan: ['BUMP view logins@3'],
  },
  {
    name: 'a new file of a wrong shape, and the service that reads it, are refused by name',
    edit: {
      [OTHER]: "export default defineFeatureView({ description: 'x', owner: 'x' });",
      [OTHER_SERVICE]: "export default defineFeatureService({ description: 'x', owner: 'x', features: ['other@1'] });",
    },
    refused: [],
    bad: [/other\.v1\.view\.ts is refused: /, /other\.v1\.service\.ts is refused: .*no feature view other@1/],
  },
  {
    name: 'a copy of a file in another folder is refused, and the applied one is served',
    edit: { [COPY]: view(30) },
    refused: [],
    bad: [/copy\/logins\.v1\.view\.ts is refused: view logins@1 is also defined/],
  },
  {
    name: 'an applied file that does not load is refused by name, and served as it was published',
    edit: { [V2]: "throw new Error('half saved');", [SERVICE]: 'export const nothing = 1;' },
    refused: [],
    bad: [
      /logins\.v2\.view\.ts is refused: does not load: half saved/,
      /login\.v1\.service\.ts is refused: has no default export/,
    ],
  },
  {
    name: 'a new query that the engine cannot plan is refused before anything is published',
    edit: { [V3]: view(61).replace('count()', 'sum(count())') },
    refused: [],
    bad: [/the query of features\/.*logins\.v3\.view\.ts cannot run: .*aggregate function/i],
    plan: ['BUMP view logins@3'],
  },
  {
    name: 'the change as a version of its own starts beside the old ones',
    edit: { [V3]: view(61) },
    refused: [],
    plan: ['BUMP view logins@3'],
  },
  {
    name: 'a name of its own is an addition',
    edit: { [OTHER]: view(5) },
    refused: [],
    plan: ['ADD view other@1'],
  },
  {
    name: 'a service whose file is gone is a retirement',
    edit: { [SERVICE]: null },
    refused: [],
    plan: ['RETIRE service login@1'],
  },
];

interface World {
  /** The application on these files, with `APPLIED` applied. */
  start(files: Files): Promise<App>;
  close(): Promise<void>;
}

const world = shared(async (): Promise<World> => {
  const [postgres, redis, clickhouse, home, root] = await Promise.all([
    freshPostgresDatabase(),
    freshRedis(),
    freshClickHouseDatabase(),
    freshHome(),
    mkdtemp(join(tmpdir(), 'riskgraph-versions-')),
  ]);
  const config = loadConfig({
    RISKGRAPH_HOME: home,
    RISKGRAPH_LOG_LEVEL: 'error',
    POSTGRES_URL: postgres.url,
    REDIS_URL: redis.url,
    CLICKHOUSE_URL: clickhouse.url,
  });
  const client = new pg.Client({ connectionString: postgres.url });
  let roots = 0;
  const boot = async (files: Files): Promise<App> => {
    // A folder of its own: a module is loaded once a path.
    const definitions = join(root, String(++roots));
    await asProject(definitions);
    for (const [file, text] of Object.entries(files)) if (text !== null) await put(join(definitions, file), text);
    return createApp(config, { definitions, clickhouseDatabase: clickhouse.database });
  };
  const first = await boot(APPLIED);
  await first.services.api.planner.apply();
  await first.close();
  await client.connect();
  await client.query('CREATE TABLE applied AS SELECT * FROM published_definition');
  return {
    async start(files) {
      await client.query('DELETE FROM published_definition');
      await client.query('INSERT INTO published_definition SELECT * FROM applied');
      return boot(files);
    },
    async close() {
      await client.end();
      for (const store of [postgres, redis, clickhouse]) await store.close();
      for (const folder of [home, root]) await rm(folder, { recursive: true, force: true });
    },
  };
});

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const words = 'defineEntity, defineFeatureView, defineFeatureService, int32, int64, sql';
  await writeFile(path, `import { ${words} } from 'riskgraph';\n${text}\n`);
}

defineRule<Edited, World>(
  {
    rule: 22,
    open: world,
    async check({ edit, refused, bad = [], plan = [] }, { start }) {
      const starting = start({ ...APPLIED, ...edit });
      if (refused.length > 0) {
        const error = await starting.then(
          async (app) => app.close(),
          (cause: { code: string; details: { problems: string[] } }) => cause,
        );
        expect(error).toMatchObject({ code: 'CONFLICT' });
        expect(error?.details.problems).toEqual(refused.map((words) => expect.stringMatching(words)));
        return;
      }
      const app = await starting;
      try {
        const { planner, catalogue } = app.services.api;
        const { changes, problems } = await planner.plan();
        expect(problems).toEqual(bad.map((words) => expect.stringMatching(words)));
        expect(changes.map(({ action, kind, id }) => `${action} ${kind} ${id}`)).toEqual(plan);
        if (bad.length === 0) {
          await planner.apply();
          expect((await planner.plan()).changes, 'applied twice').toEqual([]);
        } else {
          await expect(planner.apply()).rejects.toMatchObject({
            code: 'CONFLICT',
            message: expect.stringMatching(bad[0] as RegExp),
          });
          expect(catalogue.features({ service: 'login@1' }).map(({ reference }) => reference)).not.toEqual([]);
        }
        expect(
          catalogue.views().map(({ id }) => id),
          'older versions are served on',
        ).toEqual(expect.arrayContaining(['logins@1', 'logins@2']));
      } finally {
        await app.close();
      }
    },
  },
  EDITED,
);

interface Retired extends Case {
  /** One after the other; the last is what is looked at. */
  readonly retires: readonly string[];
  readonly edit?: Files;
  readonly refused?: { readonly code: string; readonly message: RegExp };
}

const RETIRED: readonly Retired[] = [
  {
    name: 'a version that a service pins is not retired, and the service is named',
    retires: ['logins@1'],
    refused: { code: 'CONFLICT', message: /logins@1.*service login@1/ },
  },
  {
    name: 'who pins it is named, every one',
    edit: { 'features/services/more.v1.service.ts': service("'logins@2', 'logins@1'") },
    retires: ['logins@1'],
    refused: { code: 'CONFLICT', message: /service login@1.*service more@1/ },
  },
  { name: 'a version that nobody pins is retired', retires: ['logins@2'] },
  {
    name: 'a version is retired once',
    retires: ['logins@2', 'logins@2'],
    refused: { code: 'CONFLICT', message: /logins@2.*already retired/ },
  },
  {
    name: 'a version that is not applied is not retired',
    retires: ['logins@3'],
    refused: { code: 'NOT_FOUND', message: /logins@3/ },
  },
];

defineRule<Retired, World>(
  {
    rule: 22,
    open: world,
    async check({ retires, edit = {}, refused }, { start }) {
      const app = await start({ ...APPLIED, ...edit });
      try {
        const { planner, catalogue } = app.services.api;
        await planner.apply();
        const served = () => catalogue.views().map(({ id }) => id);
        for (const id of retires.slice(0, -1)) await planner.retireView(id);
        const before = served();
        const last = retires.at(-1) as string;
        const retiring = planner.retireView(last);
        if (refused) {
          const { code, message } = refused;
          await expect(retiring).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
          expect(served(), 'nothing is gone').toEqual(before);
        } else {
          await retiring;
          expect(served()).toEqual(before.filter((id) => id !== last));
        }
      } finally {
        await app.close();
      }
    },
  },
  RETIRED,
);
