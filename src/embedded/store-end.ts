/** What is said when an embedded store ends on its own: how, why where that can be told, what is kept, what to do. */
import { join } from 'node:path';
import { RiskgraphError } from '../core/errors.js';
import type { Child, ExitInfo } from './child.js';
import type { Home } from './home.js';

export type StoreName = 'postgres' | 'redis' | 'clickhouse';

export interface StoreEnd extends ExitInfo {
  readonly store: StoreName;
  readonly lastLines: string;
  /** Says it to a person, with what to do. */
  readonly error: RiskgraphError;
}

interface Cause {
  readonly why: string;
  readonly remedy: string;
}

const MORE_MEMORY = 'give the machine or the container more memory';
const UNKNOWN: Cause = { why: '', remedy: '' };

function causeOf({ signal }: ExitInfo, lastLines: string): Cause {
  if (/no space left on device|disk quota exceeded/i.test(lastLines)) {
    return { why: ' because its disk is full', remedy: 'free space on the disk of RISKGRAPH_HOME, then ' };
  }
  if (/out of memory|cannot allocate memory|bad_alloc/i.test(lastLines)) {
    return { why: ' because memory ran out', remedy: `${MORE_MEMORY}, then ` };
  }
  // No process can log its own SIGKILL: only the system knows whether it sent it.
  if (signal === 'SIGKILL') {
    return {
      why: ', as the system does when memory runs out',
      remedy: `if dmesg names an out-of-memory kill, ${MORE_MEMORY}; `,
    };
  }
  return UNKNOWN;
}

/** Describes the unasked end of a store's process. */
export async function describeEnd(home: Home, store: StoreName, child: Child): Promise<StoreEnd> {
  const exit = await child.exited;
  const lastLines = child.lastLines();
  const { why, remedy } = causeOf(exit, lastLines);
  const how = exit.signal ? `was ended by ${exit.signal}` : `ended on its own with exit code ${exit.code}`;
  const error = new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message:
      `the embedded ${store} ${how}${why}, so everything stops; ` +
      'what was acknowledged is kept, and jobs that ran resume at the next start',
    hint: `${remedy}start again; the log of ${store} is ${join(home.log, `${store}.log`)}`,
  });
  return { ...exit, store, lastLines, error };
}
