import { defaultFieldResolver, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql';
import { badInput, RiskgraphError } from '../core/errors.js';
import type { AuditEntry, Role } from '../core/ports/access.js';
import type { RequestContext } from './context.js';
import { type DeclaredOperation, operationsOf } from './operation.js';

type Resolve = GraphQLFieldResolver<unknown, RequestContext>;

/** A lone surrogate, half a character: with the flag u a pair of them does not match. */
const HALF = /\p{Surrogate}/u;

/** The arguments as the audit log keeps them: what may hold personal values is replaced by its size. */
const summarize = (value: unknown, depth = 0): unknown => {
  if (Array.isArray(value))
    return value.length > 20 || depth > 1 ? `${value.length} values` : value.map((item) => summarize(item, depth + 1));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, summarizeNamed(name, item, depth)]));
};

/** Arguments that hold rows, or the keys of entities, in columns. */
const PERSONAL = new Set(['spine', 'entities', 'events', 'keys', 'request', 'rows']);

function summarizeNamed(name: string, value: unknown, depth: number): unknown {
  if (PERSONAL.has(name) && value !== null && typeof value === 'object') {
    return Array.isArray(value) ? `${value.length} values` : { columns: Object.keys(value) };
  }
  if (name === 'filters') return Array.isArray(value) ? `${value.length} filters` : value;
  return summarize(value, depth + 1);
}

/** Stands for the id of an entity or an identifier, which the log does not name: reads that are answered leave a hash of it. */
const ENTITY = '1 value';

/** Arguments that hold rows of the caller: they are stored where every character is allowed. */
const ROWS = new Set(['spine', 'entities', 'request']);

/** Refuses NUL and lone surrogates, which Postgres cannot store, in names, ids and SQL. BAD_USER_INPUT names the argument. */
function refuseUnstorable(value: unknown, where: string): void {
  if (typeof value === 'string' && (value.includes('\0') || HALF.test(value))) {
    const what = value.includes('\0') ? 'the character NUL' : 'half a character, one surrogate of two';
    throw badInput(`\`${where}\` holds ${what}`, 'leave it out: no name, id or SQL has one');
  }
  if (value === null || typeof value !== 'object') return;
  for (const [name, item] of Object.entries(value)) {
    if (!ROWS.has(name)) refuseUnstorable(item, Array.isArray(value) ? where : name);
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

export const readsReportsAlone = (what: string): RiskgraphError =>
  new RiskgraphError({
    code: 'FORBIDDEN',
    message: `this key has rights to some rows, and may not call ${what}, which does not hold to them`,
    hint: 'it reads reports: indicators, indicatorTable, vintage, rollRates and funnel, and their files',
  });

function guarded({ name, declaration }: DeclaredOperation, resolve: Resolve): Resolve {
  const roles: readonly Role[] = declaration.roles;
  const audited = declaration.audit === true || name.startsWith('Mutation.');
  return async (source, args, context, info) => {
    const { role } = context.caller;
    // A refusal stands, and what is done is done, also where it cannot be recorded, which the journal counts.
    const recordEnd = (outcome: AuditEntry['outcome'], details: AuditEntry['details']): Promise<void> =>
      audit(context, { action: name, outcome, details }).catch(() => undefined);
    const withheld = [...(declaration.withholds ?? []), ...(declaration.lookUp ? ['id'] : [])].filter(
      (each) => each in args,
    );
    const details = {
      arguments: summarize({ ...args, ...Object.fromEntries(withheld.map((each) => [each, ENTITY])) }),
    };
    if (!roles.includes(role)) {
      await recordEnd('REFUSED', { code: 'FORBIDDEN' });
      throw new RiskgraphError({
        code: 'FORBIDDEN',
        message: `role ${role} may not call ${info.fieldName}`,
        hint: `it takes a key of role ${roles.join(' or ')}`,
      });
    }
    if (context.caller.rows && !declaration.withinRights) {
      await recordEnd('REFUSED', { code: 'FORBIDDEN' });
      throw readsReportsAlone(info.fieldName);
    }
    // What changes something, or takes data away, is in the log before it begins, or does not begin.
    if (audited) await audit(context, { action: name, outcome: 'BEGUN', details });
    let result: unknown;
    try {
      refuseUnstorable(args, '');
      result = await resolve(source, args, context, info);
    } catch (error) {
      const code = codeOf(error);
      // A refusal that depends on the arguments is recorded like every other.
      const outcome = code === 'FORBIDDEN' ? 'REFUSED' : 'FAILED';
      if (audited || outcome === 'REFUSED') await recordEnd(outcome, { ...details, code });
      throw error;
    }
    if (audited) await recordEnd('DONE', details);
    const lookUp = declaration.lookUp?.(args, context.services.registry);
    if (lookUp) context.reads.push({ operation: name, ...lookUp });
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
