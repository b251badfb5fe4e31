/** Clock, log and metrics, which every part of the process receives. */
import type { Instant } from '../helpers/time.js';

/** Returns the current time in UTC milliseconds. */
export type Clock = () => Instant;

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  /** For what a person must act on now. */
  error(fields: object, message: string): void;
}

/** Records metrics; `core` reports through it and imports no metrics library. */
export interface Metrics {
  count(name: string, labels?: Readonly<Record<string, string>>, by?: number): void;
  observe(name: string, seconds: number, labels?: Readonly<Record<string, string>>): void;
  gauge(name: string, value: number, labels?: Readonly<Record<string, string>>): void;
  /** Drops every gauge that carries these labels. */
  forget?(labels: Readonly<Record<string, string>>): void;
}
