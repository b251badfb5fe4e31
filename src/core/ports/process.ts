/** Clock and log, which every part of the process receives; metrics have a file of their own. */
import type { Instant } from '../helpers/time.js';

export type { Metrics } from './metrics.js';

/** Returns the current time in UTC milliseconds. */
export type Clock = () => Instant;

/** Returns the current time of the stores in UTC milliseconds: one clock for all processes, whatever their machines say. */
export type StoreClock = () => Promise<Instant>;

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  /** For what a person must act on now. */
  error(fields: object, message: string): void;
}
