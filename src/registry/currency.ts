/** The currency that definitions are written in. Amounts are never converted: another currency of the portfolio only changes its name in units. */
export const WRITTEN_CURRENCY = 'CNY';

interface WithUnits {
  readonly unit?: string;
  readonly features?: object;
  readonly request?: object;
  readonly measures?: object;
}

/**
 * A definition whose units name the portfolio's currency: 'CNY a month' is 'EUR a month' where amounts are in EUR. Its content hash is that of the
 * file, so an applied version stays what it is.
 */
export function inCurrency<S extends WithUnits>(spec: S, currency: string): S {
  if (currency === WRITTEN_CURRENCY) return spec;
  const named = <O extends { readonly unit?: string }>(one: O): O =>
    one.unit === undefined ? one : { ...one, unit: one.unit.replace(/\bCNY\b/g, currency) };
  const each = (specs: object): object =>
    Object.fromEntries(Object.entries(specs as Record<string, WithUnits>).map(([name, one]) => [name, named(one)]));
  return Object.freeze({
    ...named(spec),
    ...(spec.features && !Array.isArray(spec.features) && { features: each(spec.features) }),
    ...(spec.request && { request: each(spec.request) }),
    ...(spec.measures && { measures: each(spec.measures) }),
  });
}
