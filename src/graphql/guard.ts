import { defaultFieldResolver, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql';
import { badInput, RiskgraphError } from '../core/errors.js';
import type { AuditEntry, Role } from '../core/ports/access.js';
import type { RequestContext } from './context.js';
import { type DeclaredOperation, operationsOf } from './operation.js';

type Resolve = GraphQLFieldResolver<unknown, RequestContext>;

/** Half a character: with this flag a pair of surrogates is none. */
const HALF = /\p{Surrogate}/u;
const HALVES = new RegExp(HALF, 'gu');

/** As the audit log can hold it: Postgres keeps neither NUL nor half a character, as a text that was cut may end with. */
const kept = (text: string): string => text.replaceAll('\0', '\u{FFFD}').replace(HALVES, '\u{FFFD}');

/** Arguments that may hold personal values are told by their size. */
const summarize = (value: unknown, depth = 0): unknown => {
  if (Array.isArray(value))
    return value.length > 20 || depth > 1 ? `${value.length} values` : value.map((item) => summarize(item, depth + 1));
  if (typeof value === 'string') return kept(value.length > 500 ? `${value.slice(0, 500)}…` : value);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [kept(name), summarizeNamed(name, item, depth)]),
  );
};

function summarizeNamed(name: string, value: unknown, depth: number): unknown {
  if ((name === 'spine' || name === 'entities' || name === 'events') && value !== null && typeof value === 'object') {
    return { columns: Object.keys(value).map(kept) };
  }
  if (name === 'filters') return Array.isArray(value) ? `${value.length} filters` : value;
  return summarize(value, depth + 1);
}

/** Rows of a caller: theirs to fill, and kept where any character goes. */
const ROWS = new Set(['spine', 'entities', 'request']);

/** Postgres keeps no text with NUL or half a surrogate pair, so no name, id or SQL may hold one. BAD_USER_INPUT names the argument. */
function refuseUnkept(value: unknown, where: string): void {
  if (typeof value === 'string' && (value.includes('\0') || HALF.test(value))) {
    const what = value.includes('\0') ? 'the character NUL' : 'half a character, one surrogate of two';
    throw badInput(`\`${where}\` holds ${what}`, 'leave it out: no name, id or SQL has one');
  }
  if (value === null || typeof value !== 'object') return;
  for (const [name, item] of Object.entries(value)) {
    if (!ROWS.has(name)) refuseUnkept(item, Array.isArray(value) ? where : name);
  }
}

async function audit(
  context: RequestContext,
  entry: Pick<AuditEntry, 'action' | 'outcome' | 'details'>,
): Promise<void> {
  const { services, caller, requestId, address } = context;
  await services.audit.record({ ...entry, at: services.now(), requestId, caller, address });
}

const codeOf = (error: unknown): string => (error instanceof RiskgraphError ? error.code : 'INTERNAL');

function guarded({ name, declaration }: DeclaredOperation, resolve: Resolve): Resolve {
  const roles: readonly Role[] = declaration.roles;
  const audited = declaration.audit === true || name.startsWith('Mutation.');
  return async (source, args, context, info) => {
    const { role } = context.caller;
    const details = { arguments: summarize(args) };
    if (!roles.includes(role)) {
      await audit(context, { action: name, outcome: 'REFUSED', details: { code: 'FORBIDDEN' } });
      throw new RiskgraphError({
        code: 'FORBIDDEN',
        message: `role ${role} may not call ${info.fieldName}`,
        hint: `it takes a key of role ${roles.join(' or ')}`,
      });
    }
    let result: unknown;
    try {
      refuseUnkept(args, '');
      result = await resolve(source, args, context, info);
    } catch (error) {
      const code = codeOf(error);
      // Some refusals depend on the arguments, and a refused read is kept like any other.
      const outcome = code === 'FORBIDDEN' ? 'REFUSED' : 'FAILED';
      if (audited || outcome === 'REFUSED') {
        await audit(context, { action: name, outcome, details: { ...details, code } });
      }
      throw error;
    }
    if (audited) await audit(context, { action: name, outcome: 'DONE', details });
    return result;
  };
}

/**
 * Puts the declared roles and audit around every operation. Wrapped here rather than in each resolver, so that a resolver cannot
 * forget; a subscription is guarded where it begins.
 * @throws where an operation declares no role.
 */
export function guardSchema(schema: GraphQLSchema): GraphQLSchema {
  for (const operation of operationsOf(schema)) {
    const { field } = operation;
    const at = operation.name.startsWith('Subscription.') ? 'subscribe' : 'resolve';
    const original = (field[at] as Resolve | undefined) ?? (defaultFieldResolver as Resolve);
    field[at] = guarded(operation, original) as GraphQLFieldResolver<unknown, unknown>;
  }
  return schema;
}
