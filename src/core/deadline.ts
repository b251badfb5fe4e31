/** The deadline of a read: how long its caller waits. */
import { withinTime } from './async.js';
import { RiskgraphError } from './errors.js';

/**
 * After the stores are given up, the answer still has to be put together: cells without a value are ERROR, beside those that were read. An
 * answer that is not whole by then is a TIMEOUT as a whole.
 */
const ANSWER_MS = 25;

const timeout = (ms: number): RiskgraphError =>
  new RiskgraphError({
    code: 'TIMEOUT',
    message: `the answer was not ready within the deadline of ${ms} ms`,
    hint: 'ask for less at once, or send a longer X-Deadline-Ms; GET /readyz says whether a store hangs',
  });

export class Deadline {
  private readonly ended = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private lifted = false;

  /** Begins now. */
  constructor(readonly ms: number) {
    this.timer = setTimeout(() => this.ended.abort(timeout(ms)), ms).unref();
  }

  /** Aborted when it passes, with TIMEOUT as the reason: stores are not waited for after that. */
  get signal(): AbortSignal {
    return this.ended.signal;
  }

  /** Takes it away: what was asked turns out to be no read, and may not be left in the middle. */
  lift(): void {
    this.lifted = true;
    clearTimeout(this.timer);
  }

  /**
   * Waits for the answer until shortly after the deadline. The work goes on after that, and its failure counts for nothing.
   * @throws TIMEOUT
   */
  answer<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      work.then(resolve, reject);
      const late = (): void => {
        withinTime(work, ANSWER_MS, () => timeout(this.ms)).catch((cause: unknown) => {
          if (!this.lifted) reject(cause);
        });
      };
      if (this.signal.aborted) late();
      else this.signal.addEventListener('abort', late, { once: true });
    });
  }

  /** Ends it with its request. */
  close(): void {
    clearTimeout(this.timer);
  }
}
