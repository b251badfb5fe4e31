/**
 * Processes that read the bodies of Parquet files. A few bytes of a body may claim any number of values, in each of a dozen encodings, and the library
 * makes room for them: a process of its own, whose memory is bounded, ends with that file and with nothing else, and the server answers meanwhile.
 */
import { placesFor } from '../../core/async.js';
import { MINUTE } from '../../core/helpers/time.js';
import { type ReadingBounds, ReadingProcess } from './reading-process.js';
import type { RowBatch } from './rows.js';

/** A row group of 250 MiB and twenty million values takes 2.3 GiB, and the engine sets 600 MiB aside for its code. */
const BOUNDS: ReadingBounds = { heap: 3072, memory: 4096, patienceMs: 3 * MINUTE };

/** Files that are read at once: each may take all of the memory that a process is allowed. The others wait, on disk. */
const FILES_AT_ONCE = 4;
/** How long one process waits for another file: it takes a tenth of a second to start, and some 60 MB while it is there. */
const IDLE_MS = MINUTE;

export class ParquetProcesses {
  private readonly enter = placesFor(FILES_AT_ONCE);
  private readonly all = new Set<ReadingProcess>();
  private resting: ReadingProcess | undefined;
  private idle: NodeJS.Timeout | undefined;

  constructor(private readonly bounds: ReadingBounds = BOUNDS) {}

  /** Starts a process where none rests, so that it is there when a file is. */
  warm(): void {
    if (!this.resting) this.keep(this.start());
  }

  /**
   * The rows of a Parquet file on disk.
   * @throws BAD_USER_INPUT where it cannot be read within the bounds; PAYLOAD_TOO_LARGE
   */
  async *read(path: string): AsyncGenerator<RowBatch> {
    const leave = await this.enter();
    const process = this.take();
    try {
      yield* process.read(path);
    } finally {
      if (process.isResting) this.keep(process);
      else process.kill();
      leave();
    }
  }

  close(): void {
    clearTimeout(this.idle);
    for (const process of this.all) process.kill();
  }

  private start(): ReadingProcess {
    const process: ReadingProcess = new ReadingProcess(this.bounds, () => {
      this.all.delete(process);
      if (this.resting === process) this.resting = undefined;
    });
    this.all.add(process);
    return process;
  }

  private take(): ReadingProcess {
    const process = this.resting ?? this.start();
    this.resting = undefined;
    return process;
  }

  private keep(process: ReadingProcess): void {
    if (this.resting) {
      process.kill();
      return;
    }
    this.resting = process;
    clearTimeout(this.idle);
    this.idle = setTimeout(() => {
      this.resting?.kill();
      this.resting = undefined;
    }, IDLE_MS).unref();
  }
}
