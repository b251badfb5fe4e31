import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';

/** What of a TypeScript file says what it means. */
export interface Syntax {
  /** The code without comments and layout. */
  readonly tokens: string;
  /** Relative modules that it needs when it runs, as they are written. */
  readonly imports: readonly string[];
}

/** The definitions of a process are read one behind the other; nothing is read for long behind them. */
const IDLE_MS = 2_000;

/** Reads files in a thread of its own, which gives the memory of the compiler back once there was nothing to read for a while. */
export class SyntaxThread {
  private thread: Worker | undefined;
  private idle: NodeJS.Timeout | undefined;
  /** A thread answers in the order in which it was asked, one file at a time. */
  private reading: Promise<unknown> = Promise.resolve();

  constructor(private readonly idleMs = IDLE_MS) {}

  get running(): boolean {
    return this.thread !== undefined;
  }

  /** @param path of a TypeScript file; throws where it cannot be read */
  async read(path: string): Promise<Syntax> {
    const text = await readFile(path, 'utf8');
    const answer = this.reading.then(() => this.ask({ path, text }));
    this.reading = answer.catch(() => undefined);
    return answer;
  }

  private async ask(file: { readonly path: string; readonly text: string }): Promise<Syntax> {
    clearTimeout(this.idle);
    this.thread ??= new Worker(new URL('./syntax-thread.js', import.meta.url), { execArgv: [] });
    const { thread } = this;
    thread.ref();
    thread.postMessage(file);
    try {
      const [answer] = (await once(thread, 'message')) as [Syntax];
      return answer;
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
  }
}

const shared = new SyntaxThread();

/** The syntax of a file, read by the thread of this process. Throws where the file cannot be read. */
export const syntaxOf = (path: string): Promise<Syntax> => shared.read(path);
