import type { GraphQLField, GraphQLSchema } from 'graphql';
import { Extensions } from 'type-graphql';
import type { Registry } from '../core/definitions/registry.js';
import type { LookUp, Role } from '../core/ports/access.js';
import type { Catalogue } from '../core/ports/catalogue.js';

/** One call of an operation, before it is executed. */
export interface OperationCall {
  readonly args: Readonly<Record<string, unknown>>;
  /** Leaf fields of the answer for one item: a field below a list counts once an item that the list is assumed to hold. */
  readonly weight: number;
  readonly catalogue: Catalogue;
}

/** An operation's own statement of who may call it, how much a call asks for and what the audit log keeps. */
export interface OperationDeclaration {
  readonly roles: readonly [Role, ...Role[]];
  /** Answers a caller with rights to some rows within them; every other operation is FORBIDDEN to such a caller. */
  readonly withinRights?: true;
  /** Values that a call asks for; that of a list where absent. What it refuses costs nothing: the resolver refuses it too and says why. */
  readonly cost?: (call: OperationCall) => number;
  /** Arguments that name a person or tell an identifier: the audit log keeps neither. `id` of a look-up is one of them without being named. */
  readonly withholds?: readonly string[];
  /** Records every call, as for an export. Mutations and refused calls are recorded without it. */
  readonly audit?: true;
  /**
   * What a read of personal values, scores or reports was about, of its arguments; null where it was about no one. A request with such reads has
   * an entry in the audit log.
   */
  readonly lookUp?: (args: OperationCall['args'], registry: Registry) => LookUp | null;
}

/** Declares a query, mutation or subscription beside its resolver; the schema is not built where one lacks it. */
export const Operation = (declaration: OperationDeclaration) => Extensions({ operation: declaration });

/** Declares how many items a list field holds, about; the weight of a call counts what is asked below it that many times. */
export const AssumedSize = (items: number) => Extensions({ assumedSize: items });

type Field = GraphQLField<unknown, unknown>;

export const declarationOf = ({ extensions }: Field): OperationDeclaration | undefined =>
  extensions.operation as OperationDeclaration | undefined;

export const assumedSizeOf = ({ extensions }: Field): number | undefined =>
  extensions.assumedSize as number | undefined;

export interface DeclaredOperation {
  /** As `Query.entities`. */
  readonly name: string;
  readonly field: Field;
  readonly declaration: OperationDeclaration;
}

/**
 * Every operation of a schema with its declaration.
 * @throws naming all operations without one: an operation whose roles are not known would be open to all or closed by surprise.
 */
export function operationsOf(schema: GraphQLSchema): readonly DeclaredOperation[] {
  const undeclared: string[] = [];
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const operations = roots.flatMap((type) =>
    Object.values(type?.getFields() ?? {}).flatMap((field): DeclaredOperation[] => {
      const name = `${type?.name}.${field.name}`;
      const declaration = declarationOf(field);
      if (declaration) return [{ name, field, declaration }];
      undeclared.push(name);
      return [];
    }),
  );
  if (undeclared.length === 0) return operations;
  throw new Error(
    `operations without a declared role: ${undeclared.join(', ')}; write @Operation({ roles: […] }) above each resolver`,
  );
}
