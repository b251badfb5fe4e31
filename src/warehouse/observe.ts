import { randomUUID } from 'node:crypto';
import type { RenderedSql } from '../core/definitions/sql.js';
import type { Log, Metrics } from '../core/ports/process.js';
import { refusalOf, statementFailure, withoutServerText } from './failures.js';

export interface Observed {
  readonly label: string;
  /** Asked for where the statement fails. */
  readonly statement: () => RenderedSql;
  readonly signal?: AbortSignal | undefined;
  /** See QueryOptions. */
  readonly refusalIsAnswer?: boolean;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Measures and logs one statement, and maps its failure. */
class Statement {
  readonly queryId: string;
  private readonly started = performance.now();
  private outcome: 'ok' | 'failed' | 'aborted' = 'failed';

  constructor(private readonly observed: Observed) {
    // The client looks at a signal only once the request is on its way.
    observed.signal?.throwIfAborted();
    this.queryId = `${observed.label}-${randomUUID()}`;
  }

  succeeded(): void {
    this.outcome = 'ok';
  }

  /** @returns the error for the caller: the reason of the signal where the signal ended the statement */
  failed(thrown: unknown): unknown {
    const { label, statement, signal, refusalIsAnswer, log } = this.observed;
    if (signal?.aborted) {
      this.outcome = 'aborted';
      return signal.reason;
    }
    const error = withoutServerText(thrown, statement);
    const level = refusalIsAnswer && refusalOf(error) !== null ? 'debug' : 'warn';
    log[level]({ label, queryId: this.queryId, err: error }, 'ClickHouse query failed');
    return statementFailure(error, label);
  }

  ended(): void {
    const { queryId, outcome } = this;
    const { label, log, metrics } = this.observed;
    const seconds = (performance.now() - this.started) / 1000;
    metrics.observe('clickhouse_query_seconds', seconds, { label, outcome });
    log.debug({ label, queryId, seconds, outcome }, 'ClickHouse query');
  }
}

/** Runs the body of a statement whose answer is read at once. */
export async function observe<T>(observed: Observed, body: (queryId: string) => Promise<T>): Promise<T> {
  const statement = new Statement(observed);
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
  observed: Observed,
  body: (queryId: string) => Promise<AsyncIterable<T>>,
): AsyncGenerator<T> {
  const statement = new Statement(observed);
  try {
    yield* await body(statement.queryId);
    statement.succeeded();
  } catch (error) {
    throw statement.failed(error);
  } finally {
    statement.ended();
  }
}
