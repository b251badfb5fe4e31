import { badInput } from '../errors.js';
import { FILTER_OPS, type IndicatorFilter } from '../ports/indicators.js';

/** Reads `dimension:op:value`; several values of IN and NOT_IN are separated by commas. @throws BAD_USER_INPUT */
export function parseFilter(text: string): IndicatorFilter {
  const [, dimension, op, value] = /^([^:]+):([^:]+):(.*)$/s.exec(text) ?? [];
  const operation = FILTER_OPS.find((name) => name === op?.toUpperCase());
  if (!dimension || !operation || value === undefined) {
    throw badInput(`filter '${text}' is not dimension:op:value`, `op is one of ${FILTER_OPS.join(', ')}`);
  }
  return { dimension, op: operation, values: operation.endsWith('IN') ? value.split(',') : [value] };
}
