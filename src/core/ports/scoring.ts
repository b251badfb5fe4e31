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
  /** As in an OnlineFeaturesRequest. */
  readonly deadline?: AbortSignal | undefined;
}

export interface ScoreRow {
  readonly entity: Readonly<Record<string, string | null>>;
  readonly status: 'SCORED' | 'MISSING_FEATURES' | 'ERROR';
  /** Why the row is not scored, and what to do; null where it is. */
  readonly error: string | null;
  /** Calibrated P(bad), from 0 to 1; null unless the row is SCORED. */
  readonly probability: number | null;
  /** Scorecard points; higher is safer. */
  readonly points: number | null;
  readonly band: string | null;
  readonly outputs: Readonly<Record<string, unknown>> | null;
  /** References of the features that have no value. */
  readonly missing: readonly string[] | null;
  /** References of the features whose value is older than the maxAge of its view. */
  readonly stale: readonly string[] | null;
  /** Event time of the oldest row that an input of the score was read from; null where there is none. */
  readonly oldestInput: Instant | null;
  readonly reasonCodes: readonly string[] | null;
  /** Without the features whose contribution cannot be told: the model gives no probability where they stand at their median. */
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
