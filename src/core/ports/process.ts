/** What every part is given: the time, a log, metrics. */
import type { Instant } from '../helpers/time.js';

/** UTC milliseconds. */
export type Clock = () => Instant;

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  /** A person must act now. */
  error(fields: object, message: string): void;
}

/** Reported at the seams; the core imports no metrics library. */
export interface Metrics {
  count(name: string, labels?: Readonly<Record<string, string>>, by?: number): void;
  observe(name: string, seconds: number, labels?: Readonly<Record<string, string>>): void;
  gauge(name: string, value: number, labels?: Readonly<Record<string, string>>): void;
  /** Forgets what gauges of any name said of whatever has these labels. */
  forget?(labels: Readonly<Record<string, string>>): void;
}
