import { type ChildProcess, spawn } from 'node:child_process';
import { on } from 'node:events';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { withinTime } from '../../core/async.js';
import { badInput, RiskgraphError } from '../../core/errors.js';
import type { Answer, Question } from './messages.js';
import type { RowBatch } from './rows.js';

export interface ReadingBounds {
  /** Of the JavaScript heap, in MiB. */
  readonly heap: number;
  /** Of all that the process may write to, in MiB. Linux alone holds a process to it. */
  readonly memory: number;
  /** How long a row group may take, in ms. */
  readonly patienceMs: number;
}

/**
 * A shell that sets the bounds and becomes the program. No core is dumped, since it would hold rows; and where the machine, or a container, has no
 * memory left, this process is ended before any other.
 */
const BOUNDED = `ulimit -c 0; ulimit -d "$1"; echo 1000 > /proc/self/oom_score_adj; shift; exec "$@"`;

const TYPESCRIPT = new URL('../../../bin/typescript.js', import.meta.url).href;
const PROGRAM = fileURLToPath(new URL('./child.ts', import.meta.url));

/** Kept of what a process writes before it ends, for the log. In characters. */
const LAST_WORDS = 2_000;

/** A process that reads one Parquet file at a time, within bounds of memory and time. It does not keep its server running while it rests. */
export class ReadingProcess {
  private readonly child: ChildProcess;
  private readonly answers: AsyncIterator<[Answer]>;
  private lastWords = '';
  private ready = false;
  private resting = true;

  constructor(
    private readonly bounds: ReadingBounds,
    ended: () => void,
  ) {
    const { PATH, LD_LIBRARY_PATH } = process.env;
    const node = [process.execPath, `--max-old-space-size=${bounds.heap}`, '--import', TYPESCRIPT, PROGRAM];
    this.child = spawn('/bin/sh', ['-c', BOUNDED, 'sh', String(bounds.memory * 1024), ...node], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
      // Keys and passwords of the server are no business of a process that reads what strangers wrote.
      env: { PATH, LD_LIBRARY_PATH },
    });
    this.answers = on(this.child, 'message', { close: ['close'] }) as AsyncIterator<[Answer]>;
    this.child.once('close', ended);
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.lastWords = (this.lastWords + text).slice(-LAST_WORDS);
    });
    this.child.unref();
    (this.child.stderr as Socket | null)?.unref();
    this.child.channel?.unref();
  }

  /** It waits for a file. */
  get isResting(): boolean {
    return this.resting;
  }

  /** @throws the refusal that the process answers, or BAD_USER_INPUT where the file ends it; it rests after neither a failure nor a reading that is broken off */
  async *read(path: string): AsyncGenerator<RowBatch> {
    this.resting = false;
    this.child.channel?.ref();
    this.ask({ kind: 'read', path });
    this.ask({ kind: 'more' });
    let line = 1;
    for (let answer = await this.answer(line); answer.kind !== 'end'; answer = await this.answer(line)) {
      if (answer.kind === 'ready') continue;
      if (answer.kind === 'fault') throw new Error(`the process that reads Parquet failed: ${answer.text}`);
      if (answer.kind === 'refusal') {
        this.rest();
        throw new RiskgraphError(answer);
      }
      this.ask({ kind: 'more' });
      yield answer;
      line = answer.line + answer.rows.length;
    }
    this.rest();
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private rest(): void {
    this.resting = true;
    this.child.channel?.unref();
  }

  /** What cannot be asked is not answered either. */
  private ask(question: Question): void {
    this.child.send(question, () => undefined);
  }

  private async answer(line: number): Promise<Answer> {
    const { patienceMs, memory } = this.bounds;
    const late = () => unreadable(line, `takes longer than ${patienceMs / 1000} s`);
    const { done, value } = await withinTime(this.answers.next(), patienceMs, late);
    if (done && this.ready) throw unreadable(line, `ends the process that reads it, which may take ${memory} MiB`);
    if (done) throw new Error(`the process that reads Parquet did not start: ${this.lastWords}`);
    this.ready = true;
    return value[0];
  }
}

const unreadable = (line: number, what: string): RiskgraphError =>
  badInput(
    `the Parquet file cannot be read from row ${line} on: what it holds there ${what}`,
    'nothing of the file was taken: write it again, with fewer rows a group, 100,000 for example',
  );
