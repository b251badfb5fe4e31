import { Arg, Ctx, Query, Resolver } from 'type-graphql';
import type { StalePolicy as StalePolicyName } from '../core/definitions/types.js';
import { badInput, RiskgraphError } from '../core/errors.js';
import { columnarRows, joinKeysOf, valuesJoined } from './columnar.js';
import { maskFor, type RequestContext } from './context.js';
import { FeatureTableType } from './data-table.js';
import { FEATURE_REFERENCES, SERVICE_REFERENCE, STALE_TREATMENT } from './descriptions.js';
import { StalePolicy } from './enums.js';
import { Operation } from './operation.js';
import { GraphQLJSONObject } from './scalars.js';

/** The contract's limits of one request. */
const MAX_SPINE_ROWS = 10_000;
const MAX_CELLS = 250_000;

@Resolver()
export class HistoricalFeaturesResolver {
  @Operation({
    roles: ['admin', 'modeler'],
    cost: valuesJoined,
    audit: true,
    lookUp: ({ service, features, spine }, registry) => ({
      of: service ? { service } : { features },
      entities: joinKeysOf(spine, registry),
    }),
  })
  @Query(() => FeatureTableType, {
    description: 'Joins features to an inline spine of at most 10,000 rows, point in time.',
  })
  async historicalFeatures(
    @Arg('service', () => String, { nullable: true, description: SERVICE_REFERENCE }) service: string | null,
    @Arg('features', () => [String], {
      nullable: true,
      description: FEATURE_REFERENCES,
    })
    features: string[] | null,
    @Arg('spine', () => GraphQLJSONObject, {
      description:
        'The spine in columnar form: join keys, event_timestamp (RFC 3339 with a zone) and pass-through columns, which are also the request inputs of on-demand features.',
    })
    spine: Record<string, readonly unknown[]>,
    @Arg('includeEventTimes', () => Boolean, {
      defaultValue: false,
      description: 'Adds the columns <column>__event_time.',
    })
    includeEventTimes: boolean,
    @Arg('includeStatuses', () => Boolean, { defaultValue: false, description: 'Adds the columns <column>__status.' })
    includeStatuses: boolean,
    @Arg('stalePolicy', () => StalePolicy, { defaultValue: 'RETURN', description: STALE_TREATMENT })
    stalePolicy: StalePolicyName,
    @Ctx() context: RequestContext,
  ): Promise<FeatureTableType> {
    const { services } = context;
    const refs = services.catalogue.features({ service, features });
    const rows = columnarRows(spine, 'spine');
    if (rows > MAX_SPINE_ROWS) {
      throw badInput(`${rows} spine rows are more than ${MAX_SPINE_ROWS}`, 'use createTrainingSet for a larger spine');
    }
    if (rows * refs.length > MAX_CELLS) {
      throw new RiskgraphError({
        code: 'TOO_COMPLEX',
        message: `${rows} rows × ${refs.length} features are more than ${MAX_CELLS} values a request`,
        hint: 'split the request, or use createTrainingSet',
      });
    }
    const mask = maskFor(context);
    const table = await services.offline.historicalFeatures({
      features: refs,
      spine,
      includeEventTimes,
      includeStatuses,
      stalePolicy,
      ...(mask ? { mask } : {}),
      signal: context.signal,
    });
    return { columns: table.columns, rowCount: table.rows.length, rows: table.rows };
  }
}
