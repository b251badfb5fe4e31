import { type DataSource, type EntityManager, In, IsNull, Not } from 'typeorm';
import { versionedKinds } from '../core/definitions/definition-kinds.js';
import { conflict, RiskgraphError } from '../core/errors.js';
import type { Instant } from '../core/helpers/time.js';
import type { DefinitionLedger, FreshDefinition, PublishedDefinition } from '../core/ports/serving.js';
import { PublishedDefinitionEntity } from './published-definition.js';
import { whileLocked } from './session-lock.js';

/** Any number, the same in every process. */
const APPLY_LOCK = '7415002';

export function createDefinitionLedger(dataSource: DataSource): DefinitionLedger {
  const repository = dataSource.getRepository(PublishedDefinitionEntity);
  return {
    // A later release, beside this one or before it, may have applied kinds that this one has no word for.
    all: () =>
      repository.find({
        where: { kind: In(versionedKinds) },
        order: { kind: 'ASC', name: 'ASC', version: 'ASC' },
      }),

    async publish(definitions) {
      await dataSource.transaction(async (manager) => {
        const table = manager.getRepository(PublishedDefinitionEntity);
        for (const definition of definitions) {
          const { kind, id } = definition;
          if (await table.existsBy({ kind, id })) {
            throw conflict(`${kind} ${id} is already applied`, 'run the plan again: another process has applied it');
          }
          await table.insert({
            ...definition,
            snapshot: definition.snapshot as object,
            retiredAt: null,
            prunedAt: null,
            championSince: null,
            formerHashes: [],
          });
        }
        for (const { name, id, appliedAt } of firstVersions(definitions)) {
          const models = { kind: 'model', name } as const;
          if (await table.existsBy({ ...models, championSince: Not(IsNull()), retiredAt: IsNull() })) continue;
          await makeChampion(manager, { name, id }, appliedAt);
        }
      });
    },

    tables: () => dataSource.query('SELECT name, hash, personal FROM published_table ORDER BY name'),

    async publishTables(tables) {
      await dataSource.transaction(async (manager) => {
        await manager.query('DELETE FROM published_table');
        for (const { name, hash, personal } of tables) {
          await manager.query('INSERT INTO published_table (name, hash, personal) VALUES ($1, $2, $3)', [
            name,
            hash,
            personal,
          ]);
        }
      });
    },

    promote: (model, championSince) => dataSource.transaction((manager) => makeChampion(manager, model, championSince)),

    async rehash(definitions) {
      await dataSource.transaction(async (manager) => {
        for (const { kind, id, hash, snapshot } of definitions) {
          await manager.query(
            `UPDATE published_definition SET former_hashes = former_hashes || hash, hash = $3, snapshot = $4
             WHERE kind = $1 AND id = $2`,
            [kind, id, hash, JSON.stringify(snapshot)],
          );
        }
      });
    },

    async retire(definitions, retiredAt) {
      for (const kind of new Set(definitions.map((definition) => definition.kind))) {
        const ids = definitions.filter((definition) => definition.kind === kind).map(({ id }) => id);
        await repository.update({ kind, id: In(ids) }, { retiredAt });
      }
    },

    async prune({ kind, id }, prunedAt) {
      await repository.update({ kind, id }, { prunedAt });
    },

    async withApplyLock(body) {
      return whileLocked(dataSource, { lock: APPLY_LOCK }, async (_session, lost) => {
        const ended = new Promise<never>((_, reject) => {
          lost.addEventListener('abort', () => reject(applyLockLost()), { once: true });
        });
        // What goes on publishes nothing twice: an id is published once.
        return Promise.race([body(), ended]);
      });
    },
  };
}

/** The lowest version of each model. */
function firstVersions(definitions: readonly FreshDefinition[]): readonly FreshDefinition[] {
  const models = definitions.filter(({ kind }) => kind === 'model').sort((a, b) => a.version - b.version);
  return models.filter((model, index) => models.findIndex(({ name }) => name === model.name) === index);
}

async function makeChampion(
  manager: EntityManager,
  { name, id }: Pick<PublishedDefinition, 'name' | 'id'>,
  championSince: Instant,
): Promise<void> {
  const table = manager.getRepository(PublishedDefinitionEntity);
  await table.update({ kind: 'model', name, championSince: Not(IsNull()) }, { championSince: null });
  await table.update({ kind: 'model', id }, { championSince });
}

const applyLockLost = (): RiskgraphError =>
  new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: 'the connection to Postgres that kept others from applying broke off',
    hint: 'look at the plan, which says what is still to do, and apply again',
  });
