/**
 * A rule's cases are data; what checks them is written once. A rule file holds nothing but `defineRule` and what that needs, so that its cases
 * can be counted without running them. What a case expects is written by hand or computed by an oracle, never by what is tested.
 */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { titleOf } from './rules.js';

export interface Case {
  /** What must hold, as a sentence. */
  readonly name: string;
}

interface Closable {
  close(): Promise<void>;
}

export interface Rule<C extends Case, World> {
  readonly rule: number;
  /** Once, before the first case: stores with the rows of all cases, questions that are asked of them at once. */
  readonly open?: (cases: readonly C[]) => Promise<World>;
  /** Fails by throwing, as `expect` does. */
  readonly check: (each: C, world: World) => Promise<void> | void;
}

let counting: Map<number, string[]> | null = null;

/** One test a case, titled `rule <n>: <name>`. May be called several times for a rule whose cases differ in shape. */
export function defineRule<C extends Case, World = undefined>(
  { rule, open, check }: Rule<C, World>,
  cases: readonly C[],
): void {
  if (counting) {
    counting.set(rule, [...(counting.get(rule) ?? []), ...cases.map(({ name }) => name)]);
    return;
  }
  describe(`rule ${rule}`, () => {
    let world: World;
    if (open) {
      beforeAll(async () => {
        world = await open(cases);
      });
    }
    for (const each of cases) test(titleOf(rule, each.name), () => check(each, world));
  });
}

/** What several `defineRule` of a file open together: made when first asked for, closed after the last test of the file. */
export function shared<World extends Closable>(open: () => Promise<World>): () => Promise<World> {
  let opened: Promise<World> | undefined;
  if (!counting) afterAll(async () => (await opened?.catch(() => undefined))?.close());
  return () => {
    opened ??= open();
    return opened;
  };
}

/** Names of the cases that the files define, by rule; imports the files and runs none of their tests. */
export async function countCases(files: readonly (() => Promise<unknown>)[]): Promise<ReadonlyMap<number, string[]>> {
  const counted = new Map<number, string[]>();
  counting = counted;
  try {
    for (const load of files) await load();
  } finally {
    counting = null;
  }
  return counted;
}
