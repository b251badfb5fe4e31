import { readIfThere } from './child.js';

/** ClickHouse has some 130 files open with a small book, 200 while it merges, and more with each part of a table. */
const ENOUGH = 1_024;

/** What to say of the limit of open files that our children inherit, in the form of /proc/self/limits; null where it is high enough or not told. */
export function fewOpenFiles(limits: string | undefined = readIfThere('/proc/self/limits')): string | null {
  const limit = Number(/^Max open files +(\d+)/m.exec(limits ?? '')?.[1] ?? Number.POSITIVE_INFINITY);
  if (limit >= ENOUGH) return null;
  return `this process may open ${limit} files, and the embedded ClickHouse needs ${ENOUGH} or more: raise the limit before the start (ulimit -n 65536)`;
}
