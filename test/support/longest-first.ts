/** Runs the longest test file first, so that no worker begins a long one when the other has nothing left. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds of the files that take some; `npm run test:durations` writes it. */
export const DURATIONS = 'test/durations.json';

/** Files that begin on a ClickHouse of which no other file has killed a client: there the embedded store may keep a statement that it was told to end. */
const FIRST: ReadonlySet<string> = new Set(['test/offline/training/buckets.test.ts']);

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const seconds = JSON.parse(readFileSync(DURATIONS, 'utf8')) as Readonly<Record<string, number>>;
    const secondsOf = ({ moduleId, project }: TestSpecification): number => {
      const path = relative(project.config.root, moduleId);
      return FIRST.has(path) ? Number.MAX_SAFE_INTEGER : (seconds[path] ?? 0);
    };
    // A worker is kept from file to file of one project alone: the projects run one after the other.
    return [...files].sort((a, b) => b.project.name.localeCompare(a.project.name) || secondsOf(b) - secondsOf(a));
  }
}
