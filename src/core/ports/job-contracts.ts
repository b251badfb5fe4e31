/**
 * The jobs that the API enqueues. A job that only its schedule starts has no contract. Payloads and results are kept in Postgres and outlive a
 * release: a new field is nullish, and neither a job nor a field is renamed.
 */
import { z } from 'zod';
import type { ProfiledView } from './feature-profiles.js';
import type { ComputedLabel } from './labels.js';
import type { BackfillResult, MaterializeResult, PortfolioResult } from './materialize.js';
import type { RestoredViews } from './online.js';
import type { PrunedView } from './pruning.js';
import type { LoanSnapshotsResult } from './sources.js';
import type { BuiltTrainingSet } from './training-sets.js';

/** Pinned `name@version`, or a bare name for the newest version, of a model's scores for its champion's. */
const views = z.array(z.string()).min(1);

export const backfill = {
  name: 'backfill',
  /** Local days, both included. */
  payload: z.object({ views, from: z.string(), to: z.string() }),
  result: z.custom<BackfillResult>(),
};

export const buildTrainingSet = {
  name: 'build_training_set',
  payload: z.object({ id: z.string() }),
  result: z.custom<BuiltTrainingSet>(),
};

export const computeLabels = {
  name: 'compute_labels',
  /** No labels: all. */
  payload: z.object({ labels: z.array(z.string()).min(1).nullish() }),
  result: z.custom<{ readonly labels: readonly ComputedLabel[] }>(),
};

export const deriveLoanSnapshots = {
  name: 'derive_loan_snapshots',
  /** The last local day; none: the newest that is over. */
  payload: z.object({ through: z.string().nullish() }),
  result: z.custom<LoanSnapshotsResult>(),
};

export const materialize = {
  name: 'materialize',
  /** No views: all. No as-of instant: the newest that is due. `republish`: once more, with what is known now. */
  payload: z.object({ views: views.nullish(), asOf: z.string().nullish(), republish: z.boolean().nullish() }),
  result: z.custom<MaterializeResult>(),
};

export const profileFeatures = {
  name: 'profile_features',
  /** No views: all. */
  payload: z.object({ views: views.nullish() }),
  result: z.custom<{ readonly views: readonly ProfiledView[] }>(),
};

export const pruneView = {
  name: 'prune_view',
  payload: z.object({ view: z.string(), force: z.boolean() }),
  result: z.custom<PrunedView>(),
};

export const restoreOnline = {
  name: 'restore_online',
  payload: z.object({}),
  result: z.custom<RestoredViews>(),
};

export const scorePortfolio = {
  name: 'score_portfolio',
  /** No as-of instant: the newest local midnight that is due. */
  payload: z.object({ model: z.string(), asOf: z.string().nullish() }),
  result: z.custom<PortfolioResult & { readonly model: string }>(),
};
