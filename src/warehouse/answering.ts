import { type Breaker, throughBreaker } from '../core/breaker.js';
import type { ClickHouse } from './client.js';

type Awaited = Pick<ClickHouse, 'run' | 'rows' | 'tuples' | 'select' | 'insert' | 'insertBytes'>;

/** The client as requests read with it: a server that does not answer is not waited for. */
export function answering(clickhouse: ClickHouse, breaker: Breaker): ClickHouse {
  const { run, rows, tuples, select, insert, insertBytes } = clickhouse;
  return {
    ...clickhouse,
    ...throughBreaker<Awaited>({ run, rows, tuples, select, insert, insertBytes }, breaker),
    async *bytes(...call) {
      const end = breaker.begin();
      let failure: unknown;
      try {
        yield* clickhouse.bytes(...call);
      } catch (cause) {
        failure = cause;
        throw cause;
      } finally {
        end(failure);
      }
    },
  };
}
