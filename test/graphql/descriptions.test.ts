/** Descriptions are the help texts of the console and of modelers: every element of ours has one, and it reads as a sentence. */
import { fileURLToPath } from 'node:url';
import {
  buildSchema,
  type GraphQLField,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { camel } from '../../src/graphql/entity-graph.js';
import { emitSchema } from '../../src/graphql/schema.js';
import { loadRegistry } from '../../src/registry/load.js';

type Texts = readonly (readonly [place: string, text: string | null | undefined])[];

/** Openings of half a sentence: the reader has to guess its subject. */
const OPENINGS =
  /^(Of|What|Who|Whom|Whose|Which|How|Whether|Where|When|Why|Those|Their|Its|It|As|By|With|Against|None|Null|Else)\b|^No [a-z]+:/;
const HOME_MADE = /\b(in words|whoever|nobody|behind|mend)\b/i;

/** What is wrong with a description, as far as a program can tell; null for a sentence. */
function problemOf(text: string | null | undefined): string | null {
  if (!text) return 'is missing';
  if (!/^[A-Z]/.test(text)) return 'does not begin with a capital letter';
  if (!/\.[)"']?$/.test(text)) return 'has no full stop';
  if (OPENINGS.test(text)) return 'begins without a subject or a verb';
  if (!/\s/.test(text)) return 'is a single word';
  if (HOME_MADE.test(text)) return "says a word of ours in place of the field's";
  return null;
}

const registry = await loadRegistry({ root: fileURLToPath(new URL('../..', import.meta.url)) });
const schema = buildSchema(emitSchema(registry));

/** Types made from views: what their features and they themselves say is said by the definitions. */
const viewTypes = new Set(
  [...registry.views.values()].flatMap(({ name, version }) => {
    const field = camel(name);
    const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}`;
    return [`${type}V${version}`, `${type}Champion`];
  }),
);
const roots = new Set(['Query', 'Mutation', 'Subscription']);

function fieldTexts(type: GraphQLNamedType, field: GraphQLField<unknown, unknown>): Texts {
  const place = `${type.name}.${field.name}`;
  return [
    [place, field.description],
    ...field.args.map(({ name, description }) => [`${place}(${name}:)`, description] as const),
  ];
}

function textsOf(type: GraphQLNamedType): Texts {
  if (isIntrospectionType(type) || isSpecifiedScalarType(type)) return [];
  if (isObjectType(type)) {
    const fields = Object.values(type.getFields());
    if (viewTypes.has(type.name)) {
      return fields.filter(({ name }) => name.startsWith('_')).flatMap((field) => fieldTexts(type, field));
    }
    const own: Texts = roots.has(type.name) ? [] : [[type.name, type.description]];
    return [...own, ...fields.flatMap((field) => fieldTexts(type, field))];
  }
  const members = isEnumType(type) ? type.getValues() : isInputObjectType(type) ? Object.values(type.getFields()) : [];
  return [
    [type.name, type.description],
    ...members.map(({ name, description }) => [`${type.name}.${name}`, description] as const),
  ];
}

describe('descriptions', () => {
  const texts = Object.values(schema.getTypeMap()).flatMap(textsOf);

  it('are sentences on every type, field, argument, enum value and input field', () => {
    expect(texts.length).toBeGreaterThan(350);
    const problems = texts.flatMap(([place, text]) => {
      const problem = problemOf(text);
      return problem ? [`${place} ${problem}: ${text ?? ''}`] : [];
    });
    expect(problems).toEqual([]);
  });

  it.each([
    [null, 'is missing'],
    ['', 'is missing'],
    ['name@version', 'does not begin with a capital letter'],
    ['The name of the job', 'has no full stop'],
    ['Of the row; PRESENT with a null value: the value is NULL.', 'begins without a subject or a verb'],
    ['What a value is.', 'begins without a subject or a verb'],
    ['Whom it scores.', 'begins without a subject or a verb'],
    ['No version: the champion.', 'begins without a subject or a verb'],
    ['Whether a row was scored.', 'begins without a subject or a verb'],
    ['Job.', 'is a single word'],
    ['The problems, in words.', "says a word of ours in place of the field's"],
    ['A background job.', null],
    ['Cancels a job.', null],
    ['No row falls into the period.', null],
  ])('%j %s', (text, problem) => {
    expect(problemOf(text)).toBe(problem);
  });
});
