/** Settings of clients: how values are written is theirs, and of the limits each may be lower. */
import { badInput } from '../../core/errors.js';
import { MIS_LIMITS, MIS_SETTINGS } from '../../core/ports/mis.js';
import { RUN_LIMITS } from '../guard/costs.js';

const textsOf = (numbers: Readonly<Record<string, number | string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)]));

/** What ClickHouse does by default, and the platform's own statements do not. */
const AS_CLICKHOUSE = { output_format_json_quote_64bit_integers: '0', output_format_json_quote_decimals: '0' };

/**
 * The settings of a statement: the client's, within the limits of every statement.
 * @throws BAD_USER_INPUT for a setting that is not taken
 */
export function settingsOf(sent: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries(sent)) {
    const limit = MIS_LIMITS[name];
    if (limit !== undefined) own[name] = String(lower(name, value, limit));
    else if (MIS_SETTINGS.includes(name)) own[name] = value;
    else throw badInput(`the setting '${name.slice(0, 100)}' is not taken here`, 'leave it out');
  }
  return { ...textsOf(RUN_LIMITS), ...textsOf(MIS_LIMITS), ...AS_CLICKHOUSE, result_overflow_mode: 'throw', ...own };
}

function lower(name: string, value: string, limit: number): number {
  if (!/^\d+$/.test(value)) throw badInput(`the setting ${name} is '${value.slice(0, 100)}'`, 'write a whole number');
  // Zero is no limit in ClickHouse.
  return Number(value) === 0 ? limit : Math.min(Number(value), limit);
}
