import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { DemoExamples } from './demo-examples.js';

/** The book that a home holds. It stays the same on later days, so that the demo shows the same people. */
export interface DemoBook {
  readonly seed: number;
  readonly endDate: string;
  readonly customers: number;
  readonly timezone: string;
}

/** Steps of the first run, in order. */
export type DemoStep = 'book' | 'snapshots' | 'history' | 'online' | 'scores';

const State = z.object({
  book: z.object({ seed: z.number(), endDate: z.string(), customers: z.number(), timezone: z.string() }),
  done: z.array(z.string()),
  examples: z.object({ steady: z.string(), late: z.string(), lateSince: z.string() }).nullable(),
});

/** The finished steps of the demo in a home: a run after an interrupted one begins with the first missing step. */
export class DemoState {
  private constructor(
    private readonly path: string,
    readonly book: DemoBook,
    private done: readonly string[],
    public examples: DemoExamples | null,
    /** Another run began this book. */
    readonly found: boolean,
  ) {}

  /** The state that is there, else one of the book wanted; it is on disk before the first row is imported. */
  static async open(path: string, book: DemoBook): Promise<DemoState> {
    const text = await readFile(path, 'utf8').catch(() => '');
    const there = text === '' ? null : State.safeParse(parsed(text)).data;
    if (there) return new DemoState(path, there.book, there.done, there.examples, true);
    const state = new DemoState(path, book, [], null, false);
    await state.write();
    return state;
  }

  has(step: DemoStep): boolean {
    return this.done.includes(step);
  }

  async finish(step: DemoStep): Promise<void> {
    this.done = [...this.done, step];
    await this.write();
  }

  /** For a home whose stores were emptied: everything is to be done again, with the same book. */
  async forget(): Promise<void> {
    this.done = [];
    await this.write();
  }

  async show(examples: DemoExamples): Promise<void> {
    this.examples = examples;
    await this.write();
  }

  /** Never half a file, whenever the run ends. */
  private async write(): Promise<void> {
    const { book, done, examples } = this;
    await writeFile(`${this.path}.new`, `${JSON.stringify({ book, done, examples }, null, 2)}\n`, { mode: 0o600 });
    await rename(`${this.path}.new`, this.path);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
