/** Models: online features in, scores out. */
import type { Model } from '../definitions/definitions.js';
import type { FeatureValue } from '../definitions/types.js';
import type { Instant } from '../helpers/time.js';

export interface ScoreRequest {
  readonly model: Model;
  /** Columnar: the join keys of the model's entity and of its features' views. */
  readonly entities: Readonly<Record<string, readonly (string | null)[]>>;
  /** As in an OnlineFeaturesRequest. */
  readonly request?: Readonly<Record<string, unknown>> | undefined;
  readonly explain: boolean;
  readonly now: Instant;
}

export interface ScoreRow {
  readonly entity: Readonly<Record<string, string | null>>;
  readonly status: 'SCORED' | 'MISSING_FEATURES' | 'ERROR';
  /** P(bad). */
  readonly probability: number | null;
  /** High = safe. */
  readonly points: number | null;
  readonly band: string | null;
  readonly outputs: Readonly<Record<string, unknown>> | null;
  /** References without a value. */
  readonly missing: readonly string[] | null;
  readonly reasonCodes: readonly string[] | null;
  readonly contributions:
    | readonly { readonly feature: string; readonly value: FeatureValue; readonly contribution: number }[]
    | null;
  readonly scoredAt: Instant | null;
}

/** Online features in, calibrated scores out; one row of the answer a row of the request, in its order. */
export interface ScoringService {
  score(request: ScoreRequest): Promise<readonly ScoreRow[]>;
}
