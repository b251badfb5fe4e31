import 'reflect-metadata';
import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { buildSchemaSync, type NonEmptyArray, type PubSub } from 'type-graphql';
import type { Registry } from '../core/definitions/registry.js';
import { AuditResolver } from './audit.resolver.js';
import { BackfillResolver } from './backfill.resolver.js';
import { CatalogueResolver, FeatureInputsResolver } from './catalogue.resolver.js';
import { isPii } from './catalogue.types.js';
import { CellsAtResolver } from './cells-at.resolver.js';
import { DeviceIdentifierResolver } from './device-identifier.resolver.js';
import { entityGraph, type Shows } from './entity-graph.js';
import { FeatureProfileResolver } from './feature-profile.resolver.js';
import { FreshnessResolver, ViewFreshnessResolver } from './freshness.resolver.js';
import { GangResolver } from './gang.resolver.js';
import { guardSchema } from './guard.js';
import { HistoricalFeaturesResolver } from './historical-features.resolver.js';
import { IndicatorResolver } from './indicator.resolver.js';
import { JobResolver } from './job.resolver.js';
import { LabelResolver } from './label.resolver.js';
import { FeatureLineageResolver, LineageResolver, ViewLineageResolver } from './lineage.resolver.js';
import { LoanSnapshotsResolver } from './loan-snapshots.resolver.js';
import { OnlineFeaturesResolver } from './online-features.resolver.js';
import { PreviewResolver } from './preview.resolver.js';
import { QuarantineResolver } from './quarantine.resolver.js';
import { RegistryResolver } from './registry.resolver.js';
import { ReportLinkResolver } from './report-link.resolver.js';
import { ScoreResolver } from './score.resolver.js';
import { TablesResolver } from './tables.resolver.js';
import { TrainingSetResolver } from './training-set.resolver.js';
import { ViewVersionResolver } from './view-version.resolver.js';

const RESOLVERS = [
  CatalogueResolver,
  FeatureInputsResolver,
  LineageResolver,
  ViewLineageResolver,
  FeatureLineageResolver,
  FeatureProfileResolver,
  ViewVersionResolver,
  FreshnessResolver,
  ViewFreshnessResolver,
  OnlineFeaturesResolver,
  HistoricalFeaturesResolver,
  PreviewResolver,
  TrainingSetResolver,
  ScoreResolver,
  IndicatorResolver,
  ReportLinkResolver,
  LabelResolver,
  JobResolver,
  BackfillResolver,
  LoanSnapshotsResolver,
  RegistryResolver,
  QuarantineResolver,
  GangResolver,
  TablesResolver,
  CellsAtResolver,
  DeviceIdentifierResolver,
  AuditResolver,
] as const;

/** type-graphql wants one where there are subscriptions; ours bring their own source of events. */
const NO_PUB_SUB: PubSub = {
  publish: () => undefined,
  subscribe: () => {
    throw new Error('subscriptions bring their own source');
  },
};

/**
 * The schema of a registry, guarded. Needs no store: resolvers take theirs from the context.
 * @param shows the features that have a field: introspection, and what validation suggests, tell the names of all that have one
 * @throws where an operation has no declared role.
 */
export function buildSchema(registry: Registry, shows: Shows = () => true): GraphQLSchema {
  return guardSchema(
    buildSchemaSync({
      resolvers: [...RESOLVERS, ...entityGraph(registry, shows)] as unknown as NonEmptyArray<NewableFunction>,
      validate: false,
      pubSub: NO_PUB_SUB,
    }),
  );
}

/** By what a caller sees: the typed graph has no field for a feature that is hidden from it. */
export interface Schemas {
  readonly whole: GraphQLSchema;
  readonly withoutPersonal: GraphQLSchema;
}

export const schemasOf = (registry: Registry): Schemas => ({
  whole: buildSchema(registry),
  withoutPersonal: buildSchema(registry, (feature) => !isPii(feature)),
});

/** schema.graphql */
export const emitSchema = (registry: Registry): string =>
  `${printSchema(lexicographicSortSchema(buildSchema(registry)))}\n`;
