import type { JobProgress } from '../core/ports/progress.js';
import type { StepProgress } from './run-steps.js';

/** Reports a step's 0 to 1 as the part of the whole from `from` to `to`. */
export const progressWithin = (whole: JobProgress, from: number, to: number): StepProgress => ({
  signal: whole.signal,
  report: (fraction) => whole.report(from + (to - from) * fraction),
});

/** Splits a progress among steps that run side by side. The whole receives one report after the other, so it never goes back. */
export function splitProgress(whole: JobProgress, weights: readonly number[]): readonly StepProgress[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0) || 1;
  const done = weights.map(() => 0);
  let reported: Promise<void> = Promise.resolve();
  return weights.map((weight, index) => ({
    signal: whole.signal,
    report(fraction) {
      done[index] = Math.max(done[index] ?? 0, (fraction * weight) / total);
      const sum = Math.min(
        1,
        done.reduce((all, each) => all + each, 0),
      );
      reported = reported.then(() => whole.report(sum));
      return reported;
    },
  }));
}
