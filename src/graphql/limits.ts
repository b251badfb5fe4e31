import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getArgumentValues,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { RiskgraphError } from '../core/errors.js';
import type { Catalogue } from '../core/ports/catalogue.js';

/** Room for a service's worth of references written out, not for a document made by a machine. */
export const MAX_TOKENS = 5_000;
/** Introspection, as GraphiQL asks it, is 15 deep; the graph itself is 4. */
const MAX_DEPTH = 16;
const MAX_ALIASES = 30;
/** Fields after fragments are spread: a few fragments that spread each other are billions. */
const MAX_FIELDS = 5_000;
/** Values that one request may ask for, over all its fields: rows × features of every alias. */
const MAX_COST = 250_000;

const tooComplex = (message: string): RiskgraphError =>
  new RiskgraphError({ code: 'TOO_COMPLEX', message, hint: 'split the request' });

interface Root {
  readonly node: FieldNode;
  /** Leaves below it. */
  readonly leaves: number;
  /** Leaves of the answer for one item, as far as lists of the catalogue make many of one. */
  readonly weight: number;
}

/** How many items the lists of the catalogue hold, about: each multiplies what is asked below it. */
const FAN_OUT: Readonly<Record<string, number>> = {
  features: 30,
  columns: 10,
  requestInputs: 5,
  versions: 5,
  upstream: 10,
  downstream: 10,
  relatedIndicators: 5,
  through: 3,
};

function measure(operation: OperationDefinitionNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): Root[] {
  let aliases = 0;
  let fields = 0;
  const roots: Root[] = [];

  const walk = (set: SelectionSetNode, depth: number): { readonly leaves: number; readonly weight: number } => {
    if (depth > MAX_DEPTH) throw tooComplex(`the query is more than ${MAX_DEPTH} levels deep`);
    let leaves = 0;
    let weight = 0;
    const add = (below: { readonly leaves: number; readonly weight: number }, times = 1): void => {
      leaves += below.leaves;
      weight += below.weight * times;
    };
    for (const selection of set.selections) {
      if (selection.kind === Kind.INLINE_FRAGMENT) add(walk(selection.selectionSet, depth));
      else if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = fragments.get(selection.name.value);
        if (fragment) add(walk(fragment.selectionSet, depth));
      } else {
        fields += 1;
        if (fields > MAX_FIELDS) throw tooComplex(`the query selects more than ${MAX_FIELDS} fields`);
        if (selection.alias && selection.alias.value !== selection.name.value) aliases += 1;
        if (aliases > MAX_ALIASES) throw tooComplex(`the query has more than ${MAX_ALIASES} aliases`);
        const below = selection.selectionSet ? walk(selection.selectionSet, depth + 1) : { leaves: 1, weight: 1 };
        if (depth === 1) roots.push({ node: selection, ...below });
        add(below, FAN_OUT[selection.name.value]);
      }
    }
    return { leaves, weight };
  };
  walk(operation.selectionSet, 1);
  return roots;
}

const longest = (table: unknown): number =>
  table !== null && typeof table === 'object'
    ? Math.max(0, ...Object.values(table).map((column) => (Array.isArray(column) ? column.length : 0)))
    : 0;

/** A list of 500 or a report: more than a lookup, far less than the limit. */
const LIST_COST = 1_000;

function costOf({ node, leaves, weight }: Root, args: Readonly<Record<string, unknown>>, catalogue: Catalogue): number {
  switch (node.name.value) {
    case 'onlineFeatures':
    case 'historicalFeatures': {
      const { service, features } = args as { service?: string; features?: string[] };
      // What the resolver will refuse costs nothing here; it says why.
      const count = quietly(() => catalogue.features({ service: service ?? null, features: features ?? null }).length);
      return longest(args.entities ?? args.spine) * count;
    }
    case 'score':
      return longest(args.entities) * quietly(() => catalogue.namedModel(String(args.model)).features.length);
    case 'customer':
    case 'device':
      return leaves;
    case 'features':
      return Number(args.limit) * weight;
    case 'featureViews':
      return quietly(() => catalogue.views().length + catalogue.onDemandViews().length) * weight;
    case 'featureView':
    case 'lineage':
      return weight;
    default:
      return LIST_COST;
  }
}

function argumentsOf(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  variables: Record<string, unknown>,
): Readonly<Record<string, unknown>> {
  try {
    return getArgumentValues(field, node, variables);
  } catch {
    return {};
  }
}

function quietly(count: () => number): number {
  try {
    return count();
  } catch {
    return 0;
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
  const roots = measure(operation, fragments);
  // Defaults count too: a table may be written as a variable's default.
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
  // What does not fit the schema is refused, with its place, when the operation is executed.
  if (!coerced) return;
  const type = schema.getRootType(operation.operation) as GraphQLObjectType | undefined;
  let cost = 0;
  for (const root of roots) {
    const field = type?.getFields()[root.node.name.value];
    if (!field) continue;
    cost += costOf(root, argumentsOf(field, root.node, coerced), catalogue);
    if (cost > MAX_COST) {
      throw tooComplex(
        `the request asks for more than ${MAX_COST} values over all its fields (rows × features of each)`,
      );
    }
  }
}
