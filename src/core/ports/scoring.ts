/** Scoring: online features in, calibrated scores out. */
import type { Model } from '../definitions/definitions.js';
import type { FeatureValue } from '../definitions/types.js';
import type { Instant } from '../helpers/time.js';

export interface ScoreRequest {
  readonly model: Model;
  /** Join keys of the model's entity and of its features' views; columnar. */
  readonly entities: Readonly<Record<string, readonly (string | null)[]>>;
  /** Request inputs of on-demand features, as in an OnlineFeaturesRequest. */
  readonly request?: Readonly<Record<string, unknown>> | undefined;
  readonly explain: boolean;
  readonly now: Instant;
}

export interface ScoreRow {
  readonly entity: Readonly<Record<string, string | null>>;
  readonly status: 'SCORED' | 'MISSING_FEATURES' | 'ERROR';
  /** Calibrated P(bad), from 0 to 1. */
  readonly probability: number | null;
  /** Scorecard points; higher is safer. */
  readonly points: number | null;
  readonly band: string | null;
  readonly outputs: Readonly<Record<string, unknown>> | null;
  /** References of the features that have no value. */
  readonly missing: readonly string[] | null;
  readonly reasonCodes: readonly string[] | null;
  readonly contributions:
    | readonly { readonly feature: string; readonly value: FeatureValue; readonly contribution: number }[]
    | null;
  readonly scoredAt: Instant | null;
}

/** Scores entities by their online features. */
export interface ScoringService {
  /** Returns one row per row of the request, in its order. */
  score(request: ScoreRequest): Promise<readonly ScoreRow[]>;
}
