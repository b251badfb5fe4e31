import { randomUUID } from 'node:crypto';
import type { Log, Metrics } from '../core/ports/process.js';
import { statementFailure } from './failures.js';

export interface Observer {
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Measures and logs one statement, and maps its failure. */
class Statement {
  readonly queryId: string;
  private readonly started = performance.now();
  private outcome: 'ok' | 'failed' | 'aborted' = 'failed';

  constructor(
    private readonly observer: Observer,
    private readonly label: string,
    private readonly signal: AbortSignal | undefined,
  ) {
    // The client looks at a signal only once the request is on its way.
    signal?.throwIfAborted();
    this.queryId = `${label}-${randomUUID()}`;
  }

  succeeded(): void {
    this.outcome = 'ok';
  }

  /** @returns the error for the caller: the reason of the signal where the signal ended the statement */
  failed(error: unknown): unknown {
    if (this.signal?.aborted) {
      this.outcome = 'aborted';
      return this.signal.reason;
    }
    const { label, queryId } = this;
    this.observer.log.warn({ label, queryId, err: error }, 'ClickHouse query failed');
    return statementFailure(error, label);
  }

  ended(): void {
    const { label, queryId, outcome } = this;
    const seconds = (performance.now() - this.started) / 1000;
    this.observer.metrics.observe('clickhouse_query_seconds', seconds, { label, outcome });
    this.observer.log.debug({ label, queryId, seconds, outcome }, 'ClickHouse query');
  }
}

/** Runs the body of a statement whose answer is read at once. */
export async function observe<T>(
  observer: Observer,
  label: string,
  signal: AbortSignal | undefined,
  body: (queryId: string) => Promise<T>,
): Promise<T> {
  const statement = new Statement(observer, label, signal);
  try {
    const answer = await body(statement.queryId);
    statement.succeeded();
    return answer;
  } catch (error) {
    throw statement.failed(error);
  } finally {
    statement.ended();
  }
}

/** Runs the body of a statement whose answer is read piece by piece; a reader that stops early leaves it as failed. */
export async function* observeStream<T>(
  observer: Observer,
  label: string,
  signal: AbortSignal | undefined,
  body: (queryId: string) => Promise<AsyncIterable<T>>,
): AsyncGenerator<T> {
  const statement = new Statement(observer, label, signal);
  try {
    yield* await body(statement.queryId);
    statement.succeeded();
  } catch (error) {
    throw statement.failed(error);
  } finally {
    statement.ended();
  }
}
