import { inputViews } from '../core/compute/view-kinds.js';
import type { View } from '../core/definitions/definitions.js';

/**
 * Works on views side by side, at most so many at once, each after those of its inputs that are among them. The first failure stops the others,
 * and is thrown when all have ended.
 * @returns the results in the order of the views
 */
export async function sideBySide<T>(
  views: readonly View[],
  { most, signal }: { readonly most: number; readonly signal: AbortSignal },
  work: (view: View, index: number, signal: AbortSignal) => Promise<T>,
): Promise<readonly T[]> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const waiting = new Set(views.keys());
  const running = new Set<Promise<void>>();
  const results = new Map<number, T>();
  const failures: unknown[] = [];
  const ended = (view: View): boolean => {
    const index = views.findIndex(({ id }) => id === view.id);
    return index < 0 || results.has(index);
  };
  const start = (index: number, view: View): void => {
    waiting.delete(index);
    const task: Promise<void> = work(view, index, either)
      .then((result) => void results.set(index, result))
      .catch((error: unknown) => {
        failures.push(error);
        stop.abort(error);
      })
      .finally(() => running.delete(task));
    running.add(task);
  };
  for (;;) {
    for (const index of waiting) {
      const view = views[index] as View;
      if (failures.length === 0 && running.size < most && inputViews(view).every(ended)) start(index, view);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  if (failures.length > 0) throw failures[0];
  return views.map((_, index) => results.get(index) as T);
}
