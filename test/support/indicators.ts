import type { FactSpec } from '../../src/core/definitions/define-fact.js';
import type { IndicatorSpec } from '../../src/core/definitions/define-indicator.js';
import type { Fact, Indicator } from '../../src/core/definitions/definitions.js';
import type { Registry } from '../../src/core/definitions/registry.js';
import type { Catalogue } from '../../src/core/ports/catalogue.js';
import { checkFact, checkIndicator } from '../../src/registry/indicators.js';
import type { DefinitionFile } from '../../src/registry/scan.js';
import { TABLES } from './tables.js';

const refuse = (problem: string): never => {
  throw new Error(problem);
};

const itemOf = (kind: 'fact' | 'indicator', id: string): DefinitionFile => {
  const [name = '', version = '1'] = id.split('@');
  const file = `indicators/${name}.${kind}.ts`;
  return { kind, name, version: Number(version), id: `${name}@${version}`, file, path: file, exported: null, code: '' };
};

/** A fact as its file would declare it. */
export const factOf = (id: string, spec: FactSpec): Fact => {
  const fact = checkFact(itemOf('fact', id), spec, TABLES, refuse);
  if (!fact) throw new Error(`no fact ${id}`);
  return { ...fact, hash: 'test' };
};

/** An indicator as its file would declare it, over these facts. */
export const indicatorOf = (id: string, spec: IndicatorSpec, facts: readonly Fact[] = []): Indicator => {
  const known = { tables: TABLES, facts: new Map(facts.map((fact) => [fact.id, fact])) };
  const indicator = checkIndicator(itemOf('indicator', id), spec, known, refuse);
  if (!indicator) throw new Error(`no indicator ${id}`);
  return { ...indicator, hash: 'test' };
};

/** Every definition of a registry, as if it were applied. */
export const namedIn = (
  { indicators, facts }: Pick<Registry, 'indicators' | 'facts'>,
  more: readonly Indicator[] = [],
): Pick<Catalogue, 'namedIndicator' | 'indicators' | 'facts'> => ({
  indicators: () => [...indicators.values(), ...more],
  facts: () => [...facts.values()].sort((a, b) => b.version - a.version),
  namedIndicator(reference) {
    const all = [...indicators.values(), ...more].sort((a, b) => b.version - a.version);
    const found = all.find(({ id, name }) => id === reference || name === reference);
    if (!found) throw new Error(`no indicator ${reference}`);
    return found;
  },
});
