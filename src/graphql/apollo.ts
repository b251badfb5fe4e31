import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { GraphQLError, type GraphQLFormattedError, type GraphQLSchema } from 'graphql';
import { badInput, ERROR_STATUS, RiskgraphError } from '../core/errors.js';
import type { RequestContext } from './context.js';
import { formatGraphqlError, isOurFault, thrownError } from './errors.js';
import { checkOperation, MAX_TOKENS } from './limits.js';

const notHere = (): RiskgraphError =>
  badInput('this route serves queries and mutations', 'send subscriptions to POST /graphql/stream');

const withRequestId = (error: GraphQLFormattedError, requestId: string): GraphQLFormattedError => ({
  ...error,
  extensions: { ...error.extensions, requestId },
});

/** Limits before execution; afterwards request ids, and of each operation one log line, one measurement and its reads in the audit log. */
const seam = (): ApolloServerPlugin<RequestContext> => ({
  async requestDidStart({ contextValue: { requestId, services, log, metrics, caller, address, deadline, reads } }) {
    const startedAt = performance.now();
    let label = 'none';
    return {
      async didResolveOperation({ schema, document, operation, request }) {
        if (!operation) return;
        // A change that is waited for no longer would still happen: its caller reads whether it did.
        if (operation.operation !== 'query') deadline?.lift();
        const root = operation.selectionSet.selections[0];
        label = root?.kind === 'Field' ? root.name.value : operation.operation;
        try {
          if (operation.operation === 'subscription') throw notHere();
          checkOperation({
            schema,
            document,
            operation,
            variables: request.variables ?? {},
            catalogue: services.catalogue,
          });
        } catch (error) {
          if (!(error instanceof RiskgraphError)) throw error;
          throw new GraphQLError(error.message, {
            extensions: { code: error.code, hint: error.hint, http: { status: ERROR_STATUS[error.code] } },
          });
        }
      },
      async didEncounterErrors({ errors }) {
        for (const error of errors) {
          if (isOurFault(error))
            log.error({ err: thrownError(error), requestId, operation: label }, 'an operation failed');
        }
      },
      async willSendResponse({ response, errors }) {
        const seconds = (performance.now() - startedAt) / 1_000;
        if (response.body.kind === 'single') {
          const { singleResult } = response.body;
          if (singleResult.errors) {
            singleResult.errors = singleResult.errors.map((error) => withRequestId(error, requestId));
          }
        }
        if (reads.length > 0) {
          services.audit.noteReads({ at: services.now(), requestId, caller, address, calls: reads });
        }
        for (const error of errors ?? []) {
          const cause = thrownError(error);
          const retryAfter = cause instanceof RiskgraphError ? cause.details?.retryAfterSeconds : undefined;
          if (typeof retryAfter === 'number') response.http.headers.set('retry-after', String(retryAfter));
        }
        const outcome = errors && errors.length > 0 ? 'error' : 'ok';
        metrics.observe('graphql_seconds', seconds, { operation: label, outcome });
        log.info(
          {
            requestId,
            operation: label,
            role: caller.role,
            caller: caller.name,
            ms: Math.round(seconds * 1_000),
            outcome,
          },
          'graphql',
        );
      },
    };
  },
});

/** The operation pipeline. It never says where in our code something failed. */
export const createApollo = (schema: GraphQLSchema): ApolloServer<RequestContext> =>
  new ApolloServer<RequestContext>({
    schema,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    allowBatchedHttpRequests: false,
    stopOnTerminationSignals: false,
    parseOptions: { maxTokens: MAX_TOKENS },
    formatError: formatGraphqlError,
    plugins: [seam(), ApolloServerPluginLandingPageDisabled(), ApolloServerPluginCacheControlDisabled()],
  });
