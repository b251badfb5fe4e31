/**
 * Scores of whole portfolios: the rows of score views. A run scores what is in force at its knowledge time, as a point-in-time join at that
 * instant would read it; everything after it (stage, publication, history, recovery) is that of any view.
 */

import { type Judgement, ModelInputs } from '../core/compute/model-inputs.js';
import { type Scored, scoreAt, scoreValues } from '../core/compute/score-view.js';
import { valueAt } from '../core/compute/status.js';
import { inputViews } from '../core/compute/view-kinds.js';
import type { StoredModel, ViewOfKind } from '../core/definitions/definitions.js';
import { RiskgraphError } from '../core/errors.js';
import { formatInstant, type Instant } from '../core/helpers/time.js';
import type { Predictions, Scorer } from '../core/ports/indicators.js';
import type { PortfolioRow, PortfolioScores } from '../core/ports/materialize.js';
import type { EntityKey, KeyPart, OfflineReader, Run } from '../core/ports/offline.js';
import type { Clock } from '../core/ports/process.js';
import type { ImportRequest, SourceStore } from '../core/ports/sources.js';
import { readableFrom } from './schedule.js';

export interface PortfolioScoresParts {
  readonly offline: Pick<OfflineReader, 'inForceByParts' | 'readStage'>;
  readonly scorer: Pick<Scorer, 'predict'>;
  readonly sources: Pick<SourceStore, 'import'>;
  readonly clock: Clock;
}

export function createPortfolioScores({ offline, scorer, sources, clock }: PortfolioScoresParts): PortfolioScores {
  return {
    async *rows(run, progress) {
      for await (const part of offline.inForceByParts(inputViews(run.view), run.knowledge)) {
        progress.signal.throwIfAborted();
        yield await scorePart(scorer, run.view, part, run.knowledge);
        await progress.report((part.index + 1) / part.of);
      }
    },

    async record(runs) {
      for (const [model, own] of byModel(runs)) {
        const lines = ndjson(offline, model, own);
        const first = await lines.next();
        if (first.done) continue;
        await importWhole(sources, {
          table: 'scores',
          format: 'ndjson',
          history: false,
          // The stores' clock stamped the rows: one of this process that is behind it must not call them rows of the future.
          clock: () => Math.max(clock(), ...own.map(({ availableAt }) => availableAt)),
          requestId: `runs ${own.map(({ run }) => run.id).join(' ')} of ${own[0]?.run.view.id}`,
          body: following(first.value, lines),
        });
      }
    },
  };
}

async function scorePart(
  scorer: Pick<Scorer, 'predict'>,
  scoreView: ViewOfKind<'scores'>,
  part: KeyPart,
  t: Instant,
): Promise<readonly PortfolioRow[]> {
  const { model } = scoreView.origin;
  const inputs = new ModelInputs(model);
  const keys: EntityKey[] = [];
  const rowOf = new Map<string, number>();
  for (const view of inputViews(scoreView)) {
    const own = model.features.flatMap((ref, position) => (ref.view === view ? [{ ref, position }] : []));
    for await (const batch of part.rows(view)) {
      for (const found of batch) {
        // Models are of entities with one join key: the registry sees to it.
        const [id] = found.key as [string];
        const row = rowOf.get(id) ?? inputs.add();
        if (row === keys.length) {
          keys.push(found.key);
          rowOf.set(id, row);
        }
        for (const { ref, position } of own) {
          const value = found.values[ref.index] ?? null;
          inputs.set(row, position, valueAt({ view, row: found, value, t, stalePolicy: 'RETURN' }));
        }
      }
    }
  }
  const judged = keys.map((_, row) => inputs.judge(row));
  const ready = judged.flatMap(({ status }, row) => (status === 'SCORED' ? [row] : []));
  const predictions = await scorer.predict(model, inputs.tensor(ready), ready.length);
  refuseBrokenModel(model, predictions, ready.length);
  const answers = new Map(ready.map((row, index) => [row, scoreAt(model, predictions, index)]));
  return keys.map((key, row) => rowOfKey(key, judged[row] as Judgement, answers.get(row)));
}

/** @throws INTERNAL where the model runs for no row: that is no fault of the rows, and ending the score of every one would hide it */
function refuseBrokenModel(model: StoredModel, { failures }: Predictions, rows: number): void {
  if (rows < 2 || failures.size < rows) return;
  throw new RiskgraphError({
    code: 'INTERNAL',
    message: `${model.id} runs for none of ${rows} rows: ${failures.get(0)}`,
  });
}

/** A key's score, or its end; `answer` is the model's, where the inputs let it be asked. */
function rowOfKey(key: EntityKey, { status, stale, error }: Judgement, answer: Scored | undefined): PortfolioRow {
  const none = { key, tombstone: true, values: [], isStale: false } as const;
  if (!answer) return { ...none, status, error };
  if (answer.score === null) return { ...none, status: 'ERROR', error: answer.error };
  return { key, tombstone: false, values: scoreValues(answer.score), isStale: stale.length > 0, status, error: null };
}

type Recorded = Parameters<PortfolioScores['record']>[0][number];

function byModel(runs: readonly Recorded[]): ReadonlyMap<StoredModel, readonly Recorded[]> {
  const grouped = new Map<StoredModel, Recorded[]>();
  for (const each of runs) {
    const { model } = each.run.view.origin;
    grouped.set(model, [...(grouped.get(model) ?? []), each]);
  }
  return grouped;
}

/**
 * Lines of the table `scores`. A score is of the instant at which its scheduled run would have scored, so that the last one before a decision
 * is the one that the decision could use; it was known once its row was.
 */
async function* ndjson(
  offline: Pick<OfflineReader, 'readStage'>,
  model: StoredModel,
  runs: readonly Recorded[],
): AsyncGenerator<Uint8Array, undefined> {
  for (const { run, availableAt, restated } of runs) {
    const common = {
      model: model.id,
      entity: model.entity.name,
      ingested_at: formatInstant(availableAt),
      scored_at: formatInstant(scoredAt(run)),
    };
    for await (const rows of offline.readStage(run, availableAt, { index: 0, of: 1 })) {
      // A first run has no score to take back.
      const recorded = restated ? rows : rows.filter(({ tombstone }) => !tombstone);
      if (recorded.length === 0) continue;
      const lines = recorded.map(({ key: [entity_id], tombstone, values: [probability, points, band] }) =>
        JSON.stringify({
          ...common,
          entity_id,
          ...(tombstone ? { deleted: 1 } : { probability, points, band }),
        }),
      );
      yield Buffer.from(`${lines.join('\n')}\n`);
    }
  }
}

/** The instant at which a score of the run counts as made. */
const scoredAt = ({ view, asOf }: Run): Instant => readableFrom(view, asOf);

async function* following<T>(first: T, rest: AsyncIterable<T>): AsyncIterable<T> {
  yield first;
  yield* rest;
}

/** Imports rows, all of which must be accepted: a refused one would be a score that reports lack. */
async function importWhole(sources: Pick<SourceStore, 'import'>, request: ImportRequest): Promise<void> {
  const { rejected, quarantine } = await sources.import(request);
  if (rejected === 0) return;
  const [first] = quarantine;
  throw new RiskgraphError({
    code: 'INTERNAL',
    message: `${rejected} scores were refused by the table scores: ${first?.column ?? 'a row'} ${first?.reason}`,
  });
}
