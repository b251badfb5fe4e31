import { GraphQLError, GraphQLScalarType, Kind, visit } from 'graphql';
import { GraphQLJSON as AnyJson, GraphQLJSONObject as AnyJsonObject } from 'graphql-scalars';
import { RiskgraphError } from '../core/errors.js';
import { formatInstant, type Instant, parseInstant, parseLocalDate } from '../core/helpers/time.js';
import { losesDigits, tooManyDigits } from '../core/json.js';

/** JSON whose whole numbers are kept: in variables the body's reader sees to it, here what is written in the query itself. */
const keepingDigits = <Internal, External>(scalar: GraphQLScalarType<Internal, External>) =>
  new GraphQLScalarType<Internal, External>({
    ...scalar.toConfig(),
    parseLiteral: (node, variables) => {
      visit(node, {
        enter: (number) => {
          if (number.kind !== Kind.INT || !losesDigits(number.value)) return;
          const { code, message, hint } = tooManyDigits('the query');
          throw new GraphQLError(message, { nodes: [number], extensions: { code, hint } });
        },
      });
      return scalar.parseLiteral(node, variables);
    },
  });

export const GraphQLJSON = keepingDigits(AnyJson);
export const GraphQLJSONObject = keepingDigits(AnyJsonObject);

/** A bad literal is the caller's fault: graphql-js adds the place, the edge adds the code. */
function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof RiskgraphError)) throw error;
    throw new GraphQLError(error.message, { extensions: { code: error.code, hint: error.hint } });
  }
}

const text = (name: string, value: unknown): string => {
  if (typeof value === 'string') return value;
  throw new GraphQLError(`${name} is written as a string`);
};

const stringScalar = <T>(options: {
  readonly name: string;
  readonly description: string;
  readonly parse: (value: string) => T;
  readonly serialize: (value: unknown) => string;
}): GraphQLScalarType<T, string> =>
  new GraphQLScalarType<T, string>({
    name: options.name,
    description: options.description,
    serialize: options.serialize,
    parseValue: (value) => parsed(() => options.parse(text(options.name, value))),
    parseLiteral: (node) => {
      if (node.kind !== Kind.STRING)
        throw new GraphQLError(`${options.name} is written as a string`, { nodes: [node] });
      return parsed(() => options.parse(node.value));
    },
  });

/** In our code an instant is UTC milliseconds; text that is already in the wire's form passes. */
export const GraphQLDateTime = stringScalar<Instant>({
  name: 'DateTime',
  description:
    'An instant in RFC 3339 with a time zone. Answers are in UTC with milliseconds; text without a zone is rejected.',
  parse: (value) => parseInstant(value),
  serialize: (value) => formatInstant(typeof value === 'number' ? value : parseInstant(String(value))),
});

export const GraphQLDate = stringScalar<string>({
  name: 'Date',
  description: 'A local day in the time zone of the portfolio, YYYY-MM-DD.',
  parse: (value) => parseLocalDate(value),
  serialize: String,
});

export const GraphQLDecimal = stringScalar<string>({
  name: 'Decimal',
  description: 'An exact decimal number, as a string.',
  parse: (value) => {
    if (/^-?\d+(\.\d+)?$/.test(value)) return value;
    throw new GraphQLError(`'${value}' is not a decimal number`);
  },
  serialize: String,
});
