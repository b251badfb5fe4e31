import 'reflect-metadata';
import { Arg, Ctx, Field, FieldResolver, Float, ID, Int, ObjectType, Query, Resolver, Root } from 'type-graphql';
import type { RowAt } from '../core/compute/status.js';
import type { EntityDefinition } from '../core/definitions/define-entity.js';
import type { Feature, Model, View } from '../core/definitions/definitions.js';
import type { Registry } from '../core/definitions/registry.js';
import { elementType, type FeatureValue, isArrayType, type ScalarType } from '../core/definitions/types.js';
import { badInput, RiskgraphError } from '../core/errors.js';
import type { Instant } from '../core/helpers/time.js';
import { CELL_FACET } from './cell.js';
import { maskFor, type RequestContext } from './context.js';
import type { EntityFacet, EntityNode, FacetField } from './entity-facets.js';
import { FeatureStatus } from './enums.js';
import { GANG_FACET } from './gang.js';
import { AssumedSize, Operation } from './operation.js';
import { GraphQLDate, GraphQLDateTime, GraphQLDecimal } from './scalars.js';

/** Of the entities that are more than their feature views, by name. */
const FACETS: ReadonlyMap<string, EntityFacet> = new Map([
  ['cell', CELL_FACET],
  ['gang', GANG_FACET],
]);

const pascal = (name: string): string =>
  name
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

/** `max_dpd_6m` is `maxDpd6m`. */
export const camel = (name: string): string => pascal(name).replace(/^./, (first) => first.toLowerCase());

/** 64-bit integers are strings on the wire, as everywhere. */
const SCALARS: Readonly<Record<ScalarType, () => Parameters<typeof Field>[0]>> = {
  STRING: () => () => String,
  BOOLEAN: () => () => Boolean,
  INT32: () => () => Int,
  INT64: () => () => String,
  FLOAT32: () => () => Float,
  FLOAT64: () => () => Float,
  DECIMAL: () => () => GraphQLDecimal,
  DATE: () => () => GraphQLDate,
  TIMESTAMP: () => () => GraphQLDateTime,
};

type TypeThunk = () => typeof String;

const thunkOf = (feature: Feature): (() => unknown) => {
  const scalar = SCALARS[elementType(feature.type)]() as TypeThunk;
  return isArrayType(feature.type) ? () => [scalar()] : scalar;
};

/** GraphQL has no number that is not finite. */
const finite = (value: FeatureValue): FeatureValue =>
  typeof value === 'number' && !Number.isFinite(value) ? null : value;

/** A class that type-graphql can hang its metadata on; two registries in one process never share one. */
const emptyClass = (name: string, base: new () => object = Object): (new () => object) =>
  ({ [name]: class extends base {} })[name] as new () => object;

const decorate = (
  target: object,
  name: string,
  decorators: readonly MethodDecorator[],
  descriptor: PropertyDescriptor,
): void => {
  Object.defineProperty(target, name, descriptor);
  for (const decorator of decorators) decorator(target, name, descriptor);
};

/** Tells which features have a field in a schema. */
export type Shows = (feature: Pick<Feature, 'tags'>) => boolean;

/** The object type of a view's rows: one field per feature that is shown, the status and the event time of the row. */
function rowType(name: string, view: View, { shows, description }: { shows: Shows; description: string }) {
  const type = emptyClass(name);
  const { prototype } = type;
  Field(() => FeatureStatus, {
    name: '_status',
    description: 'The status of the row. A null value in a PRESENT row is NULL.',
  })(prototype, '_status');
  Field(() => GraphQLDateTime, {
    name: '_eventTime',
    nullable: true,
    description: 'The event time: the instant that the values describe.',
  })(prototype, '_eventTime');
  const fieldNames = new Map<string, string>();
  for (const feature of view.features) {
    const name = camel(feature.name);
    const namesake = fieldNames.get(name);
    if (namesake) {
      throw badInput(
        `view ${view.id}: features ${namesake} and ${feature.name} are both ${name} in GraphQL`,
        'rename one of them',
      );
    }
    fieldNames.set(name, feature.name);
    if (!shows(feature)) continue;
    const description = feature.unit ? `${feature.description} (${feature.unit})` : feature.description;
    Field(thunkOf(feature) as TypeThunk, {
      name,
      nullable: isArrayType(feature.type) ? 'itemsAndList' : true,
      description,
    })(prototype, name);
  }
  ObjectType(name, { description })(type);
  return type;
}

const versionType = (view: View, shows: Shows): (new () => object) =>
  rowType(`${pascal(view.name)}V${view.version}`, view, { shows, description: view.description });

/** The object type of the scores of a model's champion, whichever version that is: score views of all versions have the same features. */
function championType(view: View, model: Model, shows: Shows): new () => object {
  const description = `Scores of the champion of ${model.name}.`;
  const type = rowType(`${pascal(view.name)}Champion`, view, { shows, description });
  Field(() => Int, { name: '_version', description: 'The version of the model that is its champion.' })(
    type.prototype,
    '_version',
  );
  return type;
}

function answerObject(view: View, row: RowAt, context: RequestContext): Record<string, unknown> {
  const mask = maskFor(context);
  const values = view.features.map((feature, index) => {
    const value = finite(row.values[index] ?? null);
    const shown = mask && feature.tags?.includes('pii') ? mask.value(value, feature.type) : value;
    return [camel(feature.name), shown] as const;
  });
  const meta = { _status: row.status, _eventTime: row.eventTime, _version: view.version };
  return { ...meta, ...Object.fromEntries(values) };
}

interface ViewField {
  readonly name: string;
  readonly type: new () => object;
  readonly description: string;
  /** What the catalogue reads for the field: a version, or the bare name of a model's scores, which means the champion at the time of the read. */
  readonly reference: string;
}

/**
 * The newest version of a view has the bare name, earlier ones are `<name>V<version>`. Of a model's scores each version is `<name>V<version>`, and the
 * bare name is the champion's: a later version never takes its place by being applied.
 */
function fieldsOf(entity: EntityDefinition, registry: Registry, shows: Shows): ViewField[] {
  const views = [...registry.views.values()]
    .filter((view) => view.entity.name === entity.name)
    .sort((a, b) => b.version - a.version);
  const newest = new Map<string, View>();
  for (const view of views) if (!newest.has(view.name)) newest.set(view.name, view);
  const champions = [...newest.values()].flatMap((view): ViewField[] => {
    if (view.origin.kind !== 'scores') return [];
    const { model } = view.origin;
    const description = `The scores of the version of ${model.name} that is its champion at the time of the request, of the past too.`;
    return [{ name: camel(view.name), type: championType(view, model, shows), description, reference: view.name }];
  });
  const versions = views.map((view): ViewField => {
    const isBare = newest.get(view.name) === view && view.origin.kind !== 'scores';
    return {
      name: isBare ? camel(view.name) : `${camel(view.name)}V${view.version}`,
      type: versionType(view, shows),
      description: `The feature view ${view.id}. ${view.description}`,
      reference: view.id,
    };
  });
  return [...versions, ...champions].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function entityResolvers(entity: EntityDefinition, fields: readonly ViewField[]): readonly NewableFunction[] {
  const typeName = pascal(entity.name);
  const facet = FACETS.get(entity.name);
  const type = emptyClass(typeName, facet?.base);
  if (!facet?.base) Field(() => ID, { description: `The ${entity.joinKeys[0]} of the entity.` })(type.prototype, 'id');
  ObjectType(typeName, { description: `${entity.description} One field per feature view.` })(type);

  const resolver = emptyClass(`${typeName}Resolver`);
  const { prototype } = resolver;
  for (const { name, type: object, description, reference } of fields) {
    const resolve = async (node: EntityNode, context: RequestContext): Promise<Record<string, unknown>> => {
      // The catalogue refuses a version that is not applied, or retired.
      const [view] = context.services.catalogue.namedViews([reference]) as [View];
      const row = await context.loaders.views.load({ view, id: node.id, asOf: node.asOf });
      return answerObject(view, row, context);
    };
    Root()(prototype, name, 0);
    Ctx()(prototype, name, 1);
    decorate(
      prototype,
      name,
      [
        FieldResolver(() => object as never, {
          nullable: true,
          description,
        }),
      ],
      { value: resolve },
    );
  }

  for (const field of facet?.fields ?? []) addField(prototype, field);
  if (!facet || facet.root) addRoot(prototype, { entity, type, root: facet?.root });
  Resolver(() => type as never)(resolver);
  return [resolver, ...(facet?.operations(type) ?? [])];
}

interface EntityRoot {
  readonly entity: EntityDefinition;
  readonly type: NewableFunction;
  readonly root: EntityFacet['root'];
}

/** The query that reads one entity by its key. */
function addRoot(prototype: object, { entity, type, root: facet }: EntityRoot): void {
  const root = camel(entity.name);
  const find = (id: string, asOf: Instant | null, context: RequestContext): EntityNode => {
    if (asOf != null) {
      if (context.caller.role === 'decision') {
        throw new RiskgraphError({
          code: 'FORBIDDEN',
          message: 'role decision does not read history',
          hint: 'leave `asOf` out, or use a key of role modeler',
        });
      }
      if (asOf > context.services.now())
        throw badInput('`asOf` is in the future', 'leave it out to read the newest values');
    }
    return { id: facet ? facet.keyOf(id) : id, asOf: asOf ?? null };
  };
  Arg('id', () => ID, { description: `The ${entity.joinKeys[0]} of the entity.` })(prototype, root, 0);
  Arg('asOf', () => GraphQLDateTime, {
    nullable: true,
    description: 'The knowledge time: history as it was known then. Without it, the newest online values are read.',
  })(prototype, root, 1);
  Ctx()(prototype, root, 2);
  decorate(
    prototype,
    root,
    [
      Query(() => type as never, {
        nullable: true,
        description: `Reads one ${entity.name} with its feature views. ${entity.description}`,
      }),
      Operation({
        roles: ['admin', 'modeler', 'decision', ...(facet?.alsoFor ?? [])],
        cost: ({ weight }) => weight,
        lookUp: ({ id, asOf }) => ({ of: { asOf }, entities: { [entity.joinKeys[0] as string]: [id] } }),
      }),
    ],
    { value: find },
  );
}

/** A field of the entity's type that is no feature view. */
function addField(prototype: object, { name, type, nullable, description, items, resolve }: FacetField): void {
  Root()(prototype, name, 0);
  Ctx()(prototype, name, 1);
  const sized = items === undefined ? [] : [AssumedSize(items)];
  const decorators = [FieldResolver(type as TypeThunk, { nullable: nullable === true, description }), ...sized];
  decorate(prototype, name, decorators, { value: resolve });
}

/**
 * The typed graph: types, fields and resolvers made from the definitions. An entity has a root when one column is its key, which is the
 * root's `id`, and a view is about it or it is more than its views.
 */
export function entityGraph(registry: Registry, shows: Shows): NewableFunction[] {
  const declared = [...registry.entities.values()].filter(({ joinKeys }) => joinKeys.length === 1);
  const others = [...FACETS.values()].flatMap(({ entity }) =>
    entity && !declared.some(({ name }) => name === entity.name) ? [entity] : [],
  );
  return [...declared, ...others].flatMap((entity) => {
    const fields = fieldsOf(entity, registry, shows);
    return fields.length > 0 || FACETS.has(entity.name) ? entityResolvers(entity, fields) : [];
  });
}
