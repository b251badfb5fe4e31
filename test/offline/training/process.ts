/** Builds a training set until it has done what its plan says, then dies as a killed worker does. Its one argument is a BuildPlan as JSON. */
import { BusinessCalendar } from '../../../src/core/helpers/time.js';
import { createTrainingSetBuilder } from '../../../src/offline/training/builder.js';
import { type ClickHouse, openClickHouse } from '../../../src/warehouse/client.js';
import { TABLES } from '../../support/tables.js';
import { MASK, quiet, unguarded, unmeasured } from '../support.js';
import { setRequest } from './views.js';

export interface BuildPlan {
  readonly url: string;
  readonly database: string;
  readonly id: string;
  readonly path: string;
  readonly rowsAStep: number;
  /** After how many statements of a label it dies; within the next one, which is slow, where `within` says so. */
  readonly label: string;
  readonly after: number;
  readonly within: boolean;
}

/** Longer than a process takes to end and another to begin. */
const SLOW = ' WHERE NOT ignore(sleepEachRow(0.02))';
const WITHIN_MS = 400;

const die = (): void => void process.kill(process.pid, 'SIGKILL');

if (import.meta.filename === process.argv[1]) await main(JSON.parse(process.argv[2] as string) as BuildPlan);

async function main({ url, database, id, path, rowsAStep, label, after, within }: BuildPlan): Promise<void> {
  const store = openClickHouse({ url, database, log: quiet, metrics: unmeasured });
  let seen = 0;
  const dying: ClickHouse = {
    ...store,
    async run(name, statement, options) {
      if (name !== label) return store.run(name, statement, options);
      if (within && seen === after) {
        setTimeout(die, WITHIN_MS);
        return store.run(name, { ...statement, render: () => slowed(statement.render()) } as typeof statement, options);
      }
      await store.run(name, statement, options);
      seen += 1;
      if (!within && seen === after) die();
    },
  };
  const calendar = new BusinessCalendar('Asia/Shanghai');
  const sets = createTrainingSetBuilder({
    tables: TABLES,
    store: dying,
    calendar,
    userSql: unguarded(dying),
    mask: MASK,
    log: quiet,
    rowsAStep,
  });
  await sets.build(setRequest({ id, path }));
  process.exit(0);
}

function slowed(rendered: { query: string; params: Readonly<Record<string, unknown>> }) {
  return { ...rendered, query: `${rendered.query}${SLOW}` };
}
