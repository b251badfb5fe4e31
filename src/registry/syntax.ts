import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';

/** A value that a module takes from another. */
export interface Import {
  /** As it is written: './money.js', 'riskgraph/geo', 'h3-js'. */
  readonly specifier: string;
  /** The name at the other module; `*` is all of it, an empty name runs it alone. */
  readonly imported: string;
  /** The name here. A dynamic import has none: its place among those of the file, as `#1`, tells it from the others. */
  readonly local: string;
}

/** A value that a module gives on from another; `*` as `exported` is every name of it. */
export interface Reexport extends Pick<Import, 'specifier' | 'imported'> {
  readonly exported: string;
}

/** The code of a TypeScript file, without comments, layout and imports of types. */
export interface Syntax {
  /** The statements that are no links to other modules. */
  readonly code: string;
  readonly imports: readonly Import[];
  readonly reexports: readonly Reexport[];
}

/** The definitions of a process are read one after the other, and nothing is read for long after them. */
const IDLE_MS = 2_000;

/** Reads files in a thread of its own, which gives the memory of the compiler back once there was nothing to read for a while. */
export class SyntaxThread {
  private thread: Worker | undefined;
  private idle: NodeJS.Timeout | undefined;
  /** Files that were read, so that a file which many definitions import is read once, as long as the thread lives. */
  private readonly known = new Map<string, { readonly text: string; readonly syntax: Syntax }>();
  /** A thread answers in the order in which it was asked, one file at a time. */
  private reading: Promise<unknown> = Promise.resolve();

  constructor(private readonly idleMs = IDLE_MS) {}

  get running(): boolean {
    return this.thread !== undefined;
  }

  /** @param path of a TypeScript file; throws where it cannot be read. `known` is its text where the caller has read it */
  async read(path: string, known?: string): Promise<Syntax> {
    const text = known ?? (await readFile(path, 'utf8'));
    const answer = this.reading.then(() => this.ask({ path, text }));
    this.reading = answer.catch(() => undefined);
    return answer;
  }

  private async ask(file: { readonly path: string; readonly text: string }): Promise<Syntax> {
    const known = this.known.get(file.path);
    if (known?.text === file.text) return known.syntax;
    clearTimeout(this.idle);
    this.thread ??= new Worker(new URL('./syntax-thread.js', import.meta.url), { execArgv: [] });
    const { thread } = this;
    thread.ref();
    thread.postMessage(file);
    try {
      const [syntax] = (await once(thread, 'message')) as [Syntax];
      this.known.set(file.path, { text: file.text, syntax });
      return syntax;
    } catch (cause) {
      // It has ended: the next file is read by another.
      this.thread = undefined;
      throw cause;
    } finally {
      // A process that has no more to do ends without waiting for it.
      thread.unref();
      this.idle = setTimeout(() => this.end(), this.idleMs).unref();
    }
  }

  private end(): void {
    void this.thread?.terminate();
    this.thread = undefined;
    this.known.clear();
  }
}
