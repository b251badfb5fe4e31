import type { JobProgress } from '../core/ports/progress.js';
import type { StepProgress } from './run-steps.js';

/** The part of a whole's progress from `from` to `to`. */
export const part = (whole: JobProgress, from: number, to: number): StepProgress => ({
  signal: whole.signal,
  report: (fraction) => whole.report(from + (to - from) * fraction),
});

/** Shares of a whole's progress for work that goes on side by side. The whole is told one report after the other, so it never goes back. */
export function shares(whole: JobProgress, weights: readonly number[]): readonly StepProgress[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0) || 1;
  const done = weights.map(() => 0);
  let told: Promise<void> = Promise.resolve();
  return weights.map((weight, index) => ({
    signal: whole.signal,
    report(fraction) {
      done[index] = Math.max(done[index] ?? 0, (fraction * weight) / total);
      const sum = Math.min(
        1,
        done.reduce((all, each) => all + each, 0),
      );
      told = told.then(() => whole.report(sum));
      return told;
    },
  }));
}
