/** Scores as a server gives them. */

/** What is said of every row, scored or not. */
interface ScoreFacts<Key> {
  readonly entity: Key;
  /** Inputs without a value, as references. */
  readonly missing: readonly string[];
  /** Inputs older than the `maxAge` of their view. */
  readonly stale: readonly string[];
  /** The event time of the oldest row that an input was read from. */
  readonly oldestInput: string | null;
  readonly outputs: Readonly<Record<string, unknown>> | null;
  /** The features that raise the risk most, worst first; null without `explain`. */
  readonly reasonCodes: readonly string[] | null;
  readonly contributions: readonly Contribution[] | null;
}

export interface Contribution {
  readonly feature: string;
  readonly value: unknown;
  /** Log-odds of bad that the feature adds, against its median in the training set: above 0 is riskier. */
  readonly contribution: number;
}

export type Score<Key> =
  | (ScoreFacts<Key> & {
      readonly status: 'SCORED';
      /** Of bad, 0 to 1. */
      readonly probability: number;
      /** High is safe. */
      readonly points: number;
      readonly band: string | null;
      readonly scoredAt: string;
      readonly error: null;
    })
  | (ScoreFacts<Key> & {
      readonly status: 'MISSING_FEATURES' | 'ERROR';
      readonly probability: null;
      readonly points: null;
      readonly band: null;
      readonly scoredAt: string | null;
      /** Why the row was not scored, and what to do. */
      readonly error: string | null;
    });

export const SCORE_FIELDS =
  'requestId model { name version } scores { entity status probability points band missing stale oldestInput outputs ' +
  'reasonCodes error scoredAt contributions { feature value contribution } }';

type Sent = { readonly missing: readonly string[] | null; readonly stale: readonly string[] | null };

export interface SentScores {
  readonly requestId: string;
  readonly model: { readonly name: string; readonly version: number };
  readonly scores: readonly Sent[];
}

/** `Key` is what the entities of the request are. */
export const scoresOf = <Key>({ requestId, model, scores }: SentScores) => ({
  requestId,
  model: `${model.name}@${model.version}`,
  scores: scores.map(
    (score) => ({ ...score, missing: score.missing ?? [], stale: score.stale ?? [] }) as unknown as Score<Key>,
  ),
});
