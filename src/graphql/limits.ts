import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLField,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  getVariableValues,
  isObjectType,
  Kind,
  Lexer,
  type OperationDefinitionNode,
  type SelectionSetNode,
  Source,
  TokenKind,
} from 'graphql';
import { badInput, RiskgraphError } from '../core/errors.js';
import type { Catalogue } from '../core/ports/catalogue.js';
import { assumedSizeOf, declarationOf } from './operation.js';

/** Room for a service's worth of references written out, not for a document made by a machine. */
export const MAX_TOKENS = 5_000;
/** Introspection, as GraphiQL asks it, is 15 deep; the graph itself is 4. */
const MAX_DEPTH = 16;
/** Brackets within brackets, in a document or a JSON body: parsers and checks call themselves for each. */
export const MAX_NESTING = 64;
const MAX_ALIASES = 30;
/** Fields after fragments are spread: a few fragments that spread each other are billions. */
const MAX_FIELDS = 5_000;
/** Values that one request may ask for, over all its fields: rows × features of every alias. */
const MAX_COST = 250_000;

const tooComplex = (message: string): RiskgraphError =>
  new RiskgraphError({ code: 'TOO_COMPLEX', message, hint: 'split the request' });

/** The cost of a list or a report: more than a lookup, far less than the limit. */
export const LIST_COST = 1_000;

type Field = GraphQLField<unknown, unknown>;
type NamedType = ReturnType<GraphQLSchema['getType']>;

/** A field that an operation selects at its root. */
interface Root {
  readonly node: FieldNode;
  readonly field: Field;
  /** As OperationCall has it. */
  readonly weight: number;
}

/** The fields at the root of an operation, while depth, aliases and fields of the whole are bounded. */
function measure(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): Root[] {
  let aliases = 0;
  let fields = 0;
  const roots: Root[] = [];

  const walk = (set: SelectionSetNode, parent: NamedType, depth: number): number => {
    if (depth > MAX_DEPTH) throw tooComplex(`the query is more than ${MAX_DEPTH} levels deep`);
    let weight = 0;
    for (const selection of set.selections) {
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const { typeCondition, selectionSet } = selection;
        weight += walk(selectionSet, typeCondition ? schema.getType(typeCondition.name.value) : parent, depth);
      } else if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = fragments.get(selection.name.value);
        if (fragment) weight += walk(fragment.selectionSet, schema.getType(fragment.typeCondition.name.value), depth);
      } else {
        fields += 1;
        if (fields > MAX_FIELDS) throw tooComplex(`the query selects more than ${MAX_FIELDS} fields`);
        if (selection.alias && selection.alias.value !== selection.name.value) aliases += 1;
        if (aliases > MAX_ALIASES) throw tooComplex(`the query has more than ${MAX_ALIASES} aliases`);
        // None of introspection, whose fields belong to no type of ours.
        const field = isObjectType(parent) ? parent.getFields()[selection.name.value] : undefined;
        const type = field && getNamedType(field.type);
        const below = selection.selectionSet ? walk(selection.selectionSet, type, depth + 1) : 1;
        if (depth === 1 && field) roots.push({ node: selection, field, weight: below });
        weight += below * ((field && assumedSizeOf(field)) ?? 1);
      }
    }
    return weight;
  };
  walk(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined, 1);
  return roots;
}

const OPENS: ReadonlySet<string> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const CLOSES: ReadonlySet<string> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/**
 * Bounds the brackets within brackets of a document before it is parsed. What is no token is left to the parser, which says where it is.
 * @throws BAD_USER_INPUT
 */
export function checkNesting(document: string): void {
  const lexer = new Lexer(new Source(document));
  let depth = 0;
  for (let tokens = 0; tokens <= MAX_TOKENS; tokens++) {
    let kind: TokenKind;
    try {
      ({ kind } = lexer.advance());
    } catch {
      return;
    }
    if (kind === TokenKind.EOF) return;
    if (OPENS.has(kind)) depth += 1;
    else if (CLOSES.has(kind)) depth -= 1;
    if (depth > MAX_NESTING) throw tooDeep('the document');
  }
}

export const tooDeep = (what: string): RiskgraphError =>
  badInput(`${what} has more than ${MAX_NESTING} brackets within each other`, 'write flat lists and objects');

/** A request that the resolver will refuse costs nothing here: the caller reads why from the resolver. */
function costOf(
  { node, field, weight }: Root,
  variables: Readonly<Record<string, unknown>>,
  catalogue: Catalogue,
): number {
  const cost = declarationOf(field)?.cost;
  if (!cost) return LIST_COST;
  try {
    // A negative limit, which the resolver refuses, must not pay for the fields beside it.
    return Math.max(0, cost({ args: getArgumentValues(field, node, variables), weight, catalogue }));
  } catch (error) {
    if (error instanceof RiskgraphError || error instanceof GraphQLError) return 0;
    throw error;
  }
}

/**
 * Bounds depth, aliases, fields and cost of one operation.
 * @throws TOO_COMPLEX saying which bound.
 */
export function checkOperation(options: {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly catalogue: Catalogue;
}): void {
  const { schema, document, operation, variables, catalogue } = options;
  const fragments = new Map(
    document.definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [],
    ),
  );
  const roots = measure(schema, operation, fragments);
  // Defaults count too: a table may be written as a variable's default.
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
  // What does not fit the schema is refused, with its place, when the operation is executed.
  if (!coerced) return;
  let cost = 0;
  for (const root of roots) {
    cost += costOf(root, coerced, catalogue);
    if (cost > MAX_COST) {
      throw tooComplex(
        `the request asks for more than ${MAX_COST} values over all its fields (rows × features of each)`,
      );
    }
  }
}
