/** Runs the longest test file first, so that no worker begins a long one when the other has nothing left. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds of the files that take some; `npm run test:durations` writes it. */
export const DURATIONS = 'test/durations.json';

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const seconds = JSON.parse(readFileSync(DURATIONS, 'utf8')) as Readonly<Record<string, number>>;
    const secondsOf = ({ moduleId, project }: TestSpecification): number =>
      seconds[relative(project.config.root, moduleId)] ?? 0;
    // A worker is kept from file to file of one project alone: the projects run one after the other.
    return [...files].sort((a, b) => b.project.name.localeCompare(a.project.name) || secondsOf(b) - secondsOf(a));
  }
}
