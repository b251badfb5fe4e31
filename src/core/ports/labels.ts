/** Labels: computing their rows, and what the rows say of a definition. */
import type { Label } from '../definitions/definitions.js';
import type { Instant, LocalDate } from '../helpers/time.js';
import type { DataTable } from './indicators.js';
import type { JobProgress } from './progress.js';

export interface ComputedLabel {
  readonly label: string;
  /** Months of observations that were looked at again, and the outcomes that are known of them. */
  readonly months: number;
  readonly rows: number;
  /** Versions that were added: outcomes that became known, and corrections. */
  readonly changed: number;
}

/** Computes labels into the table `labels`, as rows of the name `name@version`. */
export interface LabelComputer {
  /**
   * Brings each label up to what is known at `now`: outcomes that have become known, and corrections of those whose inputs came or changed since, as
   * new versions. A month that was never computed is first computed as it was known when its last outcome became known, and stamped so. May be
   * repeated, and may die anywhere: each month is a step.
   */
  compute(
    labels: readonly Label[],
    request: { readonly now: Instant },
    progress: JobProgress,
  ): Promise<readonly ComputedLabel[]>;
}

export interface LabelEvidenceRequest {
  /** Local days of observation, both included; null: from the first, to the last. */
  readonly from: LocalDate | null;
  readonly to: LocalDate | null;
  /** What came later is not seen. */
  readonly asOf: Instant;
  readonly signal?: AbortSignal | undefined;
}

/** What the computed rows of a label show. */
export interface LabelEvidence {
  /** One row a month of observation: how many there are, what became of them, and the share of ones among those that have an outcome. */
  badRates(label: Label, request: LabelEvidenceRequest): Promise<DataTable>;
  /**
   * One row a month of the window: which share of the observations that have an outcome was bad by its end. Null before the last month where only the window's
   * end tells, with the reason NO_DATA.
   */
  maturityCurve(label: Label, request: LabelEvidenceRequest): Promise<DataTable>;
  /**
   * Of those that reach 1, 30, 60, 90 and the label's own days past due within a window that is over: what they are 1, 3, 6 and 12 months later. No rows
   * of a label whose entity has no loans.
   */
  rollRates(label: Label, request: LabelEvidenceRequest): Promise<DataTable>;
}
