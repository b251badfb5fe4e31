/** The columns of a spine that have a meaning of their own, and the names that a column may have. */
import { badInput } from '../errors.js';

export const TIME_COLUMN = 'event_timestamp';
/** The outcome that a spine brings, where its upload names no other column. */
export const TARGET_COLUMN = 'target';
/** When the outcome of the row was known. */
export const KNOWN_COLUMN = 'known_at';

const MAX_NAME = 200;

/** Checks the name of a spine column. BAD_USER_INPUT for one that no file could carry. */
export function checkColumnName(name: string): void {
  if (/\S/.test(name) && name.length <= MAX_NAME && !/\p{Cc}/u.test(name)) return;
  throw badInput(
    `${JSON.stringify(name.slice(0, 64))} cannot name a column of the spine`,
    `name each column with 1 to ${MAX_NAME} characters, without line breaks or control characters`,
  );
}
