/** The catalogue of a server as TypeScript: what `riskgraph codegen` writes, and what the client's types are computed from. */

interface TypedInput {
  readonly name: string;
  readonly type: string;
}

export interface CatalogueParts {
  readonly entities: readonly {
    readonly name: string;
    readonly description: string;
    readonly joinKeys: readonly string[];
  }[];
  readonly featureViews: readonly {
    readonly entity: string;
    readonly features: readonly {
      readonly reference: string;
      readonly type: string;
      readonly description: string;
      readonly unit: string | null;
      readonly requestInputs: readonly TypedInput[];
    }[];
  }[];
  readonly featureServices: readonly Versioned[];
  readonly models: readonly (Versioned & { readonly stage: string })[];
  readonly labelDefinitions: readonly {
    readonly name: string;
    readonly version: number;
  }[];
  readonly indicators: readonly {
    readonly name: string;
    readonly description: string;
    readonly dimensions: readonly string[];
  }[];
}

interface Versioned {
  readonly name: string;
  readonly version: number;
  readonly description: string;
  /** References. */
  readonly features: readonly string[];
}

interface Entry {
  readonly name: string;
  /** With the space or the line break before it. */
  readonly type: string;
  readonly description: string;
}

const PLAIN_NAME = /^[a-zA-Z_]\w*$/;
const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
const named = (name: string): string => (PLAIN_NAME.test(name) ? name : quoted(name));
const union = (names: readonly string[]): string =>
  names.length === 0 ? ' never' : ` ${names.map(quoted).join(' | ')}`;

/** A union of many, a line each, so that a change of one is a line in review. */
const longUnion = (names: readonly string[]): string =>
  names.length < 2 ? union(names) : names.map((name) => `\n      | ${quoted(name)}`).join('');

const comment = (text: string): string => `    /** ${text.replace(/\s+/g, ' ').replaceAll('*/', '* /')} */`;

function group(name: string, entries: readonly Entry[]): string {
  if (entries.length === 0) return `  ${name}: Record<never, never>;`;
  const lines = [...entries]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name, type, description }) => [comment(description), `    ${named(name)}:${type};`]);
  return [`  ${name}: {`, ...lines, '  };'].join('\n');
}

function featureEntry(entity: string, feature: CatalogueParts['featureViews'][number]['features'][number]): Entry {
  const { reference, type, description, unit, requestInputs } = feature;
  const inputs = requestInputs.map(({ name, type }) => `${named(name)}: ${quoted(type)}`).join('; ');
  const request = inputs && `; request: { ${inputs} }`;
  return {
    name: reference,
    type: ` { entity: ${quoted(entity)}; type: ${quoted(type)}${request} }`,
    description: unit ? `${description} (${unit})` : description,
  };
}

const versionEntry = ({ name, version, description, features }: Versioned): Entry => ({
  name: `${name}@${version}`,
  type: longUnion(features),
  description,
});

/** The champion, by its name alone. */
const championEntry = ({ name, version, features, description }: Versioned): Entry => ({
  name,
  type: longUnion(features),
  description: `${description} The champion when this was written: version ${version}.`,
});

/** The text of the file; the same catalogue gives the same text. */
export function catalogueTypes(parts: CatalogueParts): string {
  const champions = parts.models.filter(({ stage }) => stage === 'CHAMPION');
  const labels = parts.labelDefinitions.map(({ name, version }) => `${name}@${version}`).sort();
  return `${[
    '/** The catalogue of a server, for `new Riskgraph<Catalogue>()`. `riskgraph codegen` writes this file: do not edit it. */',
    'export interface Catalogue {',
    group(
      'entities',
      parts.entities.map(({ name, joinKeys, description }) => ({ name, type: union(joinKeys), description })),
    ),
    group(
      'features',
      parts.featureViews.flatMap(({ entity, features }) => features.map((feature) => featureEntry(entity, feature))),
    ),
    group('services', parts.featureServices.map(versionEntry)),
    group('models', [...parts.models.map(versionEntry), ...champions.map(championEntry)]),
    group(
      'indicators',
      parts.indicators.map(({ name, dimensions, description }) => ({ name, type: union(dimensions), description })),
    ),
    `  labels:${longUnion(labels)};`,
    '}',
  ].join('\n')}\n`;
}
