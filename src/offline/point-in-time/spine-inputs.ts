/** Checks the columns of spine SQL as request inputs of on-demand features. */

import { listInputs, type OnDemandPlan, type RequiredInput, refuseMissing } from '../../core/compute/on-demand.js';
import type { FeatureType } from '../../core/definitions/types.js';
import { badInput } from '../../core/errors.js';

/** Types that hold every value of another, so that a column of the one is taken for an input of the other. */
const WIDENS: Readonly<Partial<Record<FeatureType, readonly FeatureType[]>>> = {
  INT32: ['INT64', 'FLOAT64', 'DECIMAL'],
  INT64: ['DECIMAL'],
  FLOAT32: ['FLOAT64'],
};

interface SpineColumn {
  readonly name: string;
  readonly type: FeatureType;
}

/**
 * Checks that the spine's pass-through columns can be the inputs of on-demand features.
 * @param premasked personal values of the rows are masked already, so that a value computed from them would be wrong
 * @throws BAD_USER_INPUT that names the column, its type, and the type that each view requires
 */
export function checkSpineInputs(
  plan: Pick<OnDemandPlan, 'request'>,
  columns: readonly SpineColumn[],
  premasked: boolean,
): void {
  const byName = new Map(columns.map((column) => [column.name, column] as const));
  refuseMissing(plan, byName.keys(), 'the spine');
  for (const input of plan.request) {
    const { type } = byName.get(input.name) as SpineColumn;
    if (type !== input.type && !WIDENS[type]?.includes(input.type)) throw mismatch(input, type);
    if (!premasked || !input.personal) continue;
    throw badInput(
      `${listInputs([input])} is personal, and spine SQL sees personal values masked for this role`,
      'give the rows inline, or leave the feature out',
    );
  }
}

const mismatch = (input: RequiredInput, type: FeatureType) =>
  badInput(
    `the spine's column ${input.name} is ${type}, and ${input.requiredBy.join(', ')} requires ${input.type}`,
    `convert it where the spine selects it, or give values of ${input.type}`,
  );
