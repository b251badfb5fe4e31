import { Arg, Ctx, Field, InputType, Int, ObjectType, Query, Resolver } from 'type-graphql';
import type { Instant, LocalDate } from '../core/helpers/time.js';
import type {
  Basis as BasisName,
  Comparison as ComparisonName,
  FilterOp as FilterOpName,
  Observation as ObservationName,
  TimeGrain as TimeGrainName,
} from '../core/ports/indicators.js';
import type { RequestContext } from './context.js';
import { DataTableType } from './data-table.js';
import { FIRST_DAY, LAST_DAY } from './descriptions.js';
import { Basis, Comparison, FilterOp, Observation, TimeGrain } from './enums.js';
import { Operation } from './operation.js';
import { GraphQLDate, GraphQLDateTime } from './scalars.js';

const FILTERS = 'The filters, all of which must hold.';
const KNOWLEDGE = 'The knowledge time: the report as it was then. Without it, now.';

@ObjectType('Indicator', { description: 'A management indicator (MIS metric).' })
class IndicatorType {
  @Field(() => String, { description: 'The name of the indicator.' })
  name!: string;

  @Field(() => String, { description: 'The domain of the indicator.' })
  domain!: string;

  @Field(() => String, { description: 'The formula, population and variant of the indicator.' })
  description!: string;

  @Field(() => String, { description: 'The unit of the values.' })
  unit!: string;

  @Field(() => [String], { description: 'The dimensions that by and filters accept.' })
  dimensions!: readonly string[];

  @Field(() => Boolean, {
    description: 'Marks a stock, which is read at the end of a period rather than summed over it.',
  })
  stock!: boolean;

  @Field(() => Int, { description: 'The version that a bare name means: the newest in force.' })
  version!: number;

  @Field(() => String, { nullable: true, description: 'The term that the field uses in Chinese.' })
  term!: string | null;

  @Field(() => String, { nullable: true, description: 'The formula in short.' })
  formula!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The direction that is better: HIGHER_IS_BETTER or LOWER_IS_BETTER; null where neither is.',
  })
  direction!: string | null;

  @Field(() => String, { nullable: true, description: 'The mistakes that readers make with the indicator.' })
  pitfalls!: string | null;
}

@InputType('IndicatorFilter', { description: 'A filter on a dimension of an indicator.' })
export class IndicatorFilterType {
  @Field(() => String, { description: 'The name of the dimension.' })
  dimension!: string;

  @Field(() => FilterOp, { description: 'The comparison of the dimension with the values.' })
  op!: FilterOpName;

  @Field(() => [String], {
    description: 'The values: several for IN and NOT_IN, exactly one for every other comparison.',
  })
  values!: string[];
}

@Resolver()
export class IndicatorResolver {
  @Operation({ roles: ['admin', 'modeler', 'bi'], withinRights: true })
  @Query(() => [IndicatorType], {
    description: 'Lists the management indicators, each by its newest version in force.',
  })
  indicators(
    @Arg('domain', () => String, { nullable: true, description: 'The domain of the indicators.' }) domain:
      | string
      | null,
    @Ctx() { services, caller }: RequestContext,
  ): IndicatorType[] {
    const rights = caller.rows ?? [];
    const newest = new Map(
      // Of a name the newest version comes first.
      [...services.catalogue.indicators()].reverse().map((indicator) => [indicator.name, indicator] as const),
    );
    return [...newest.values()]
      .filter((indicator) => domain == null || indicator.domain === domain)
      .filter(({ dimensions }) => rights.every(({ dimension }) => dimension in dimensions))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, version, domain, description, unit, dimensions, stock, term, formula, direction, pitfalls }) => ({
        name,
        version,
        domain,
        description,
        unit,
        dimensions: Object.keys(dimensions),
        stock,
        term: term ?? null,
        formula: formula ?? null,
        direction: direction ?? null,
        pitfalls: pitfalls ?? null,
      }));
  }

  @Operation({
    roles: ['admin', 'modeler', 'bi'],
    withinRights: true,
    lookUp: ({ names, by, grain, from, to, asOf }) => ({ of: { names, by, grain, from, to, asOf } }),
  })
  @Query(() => DataTableType, {
    description: 'Reads indicators side by side, one row per period and combination of dimensions.',
  })
  async indicatorTable(
    @Arg('names', () => [String], {
      description: 'The indicators: a name means its newest version, name@version that one.',
    })
    names: string[],
    @Arg('by', () => [String], { nullable: true, description: 'The dimensions to group by.' }) by: string[] | null,
    @Arg('grain', () => TimeGrain, { defaultValue: 'MONTH', description: 'The length of a period.' })
    grain: TimeGrainName,
    @Arg('from', () => GraphQLDate, { description: FIRST_DAY }) from: LocalDate,
    @Arg('to', () => GraphQLDate, { description: LAST_DAY }) to: LocalDate,
    @Arg('filters', () => [IndicatorFilterType], {
      nullable: true,
      description: FILTERS,
    })
    filters: IndicatorFilterType[] | null,
    @Arg('compare', () => Comparison, {
      nullable: true,
      description: 'The comparison that adds the columns <name>__previous.',
    })
    compare: ComparisonName | null,
    @Arg('components', () => Boolean, {
      defaultValue: false,
      description: 'Adds the columns <name>__num and <name>__den.',
    })
    components: boolean,
    @Arg('orderBy', () => String, {
      nullable: true,
      description: 'The column to sort by; a leading minus sorts descending.',
    })
    orderBy: string | null,
    @Arg('limit', () => Int, {
      nullable: true,
      description: 'The most rows to return, 1 to 500; without it, all rows.',
    })
    limit: number | null,
    @Arg('asOf', () => GraphQLDateTime, {
      nullable: true,
      description: KNOWLEDGE,
    })
    asOf: Instant | null,
    @Ctx() { services, caller, signal }: RequestContext,
  ): Promise<DataTableType> {
    const table = await services.indicators.table({
      names,
      by: by ?? [],
      grain,
      from,
      to,
      filters: filters ?? [],
      rights: caller.rows ?? [],
      compare: compare ?? null,
      components,
      orderBy: orderBy ?? null,
      limit: limit ?? null,
      asOf: asOf ?? null,
      now: services.now(),
      signal,
    });
    return { ...table, rowCount: table.rows.length };
  }

  @Operation({
    roles: ['admin', 'modeler', 'bi'],
    withinRights: true,
    lookUp: ({ dpd, by, cohortGrain, fromCohort, toCohort, asOf }) => ({
      of: { dpd, by, cohortGrain, fromCohort, toCohort, asOf },
    }),
  })
  @Query(() => DataTableType, {
    description:
      'Reads the vintage of the loan book: cohorts by month of disbursement, one row per cohort, combination of dimensions and month on book.',
  })
  async vintage(
    @Arg('dpd', () => Int, { defaultValue: 30, description: 'The days past due from which on a loan counts.' })
    dpd: number,
    @Arg('basis', () => Basis, { defaultValue: 'BALANCE', description: 'The quantity that is counted.' })
    basis: BasisName,
    @Arg('observed', () => Observation, { defaultValue: 'CURRENT', description: 'The days past due that count.' })
    observed: ObservationName,
    @Arg('by', () => [String], { nullable: true, description: 'The dimensions of loans to group by.' })
    by: string[] | null,
    @Arg('cohortGrain', () => TimeGrain, {
      defaultValue: 'MONTH',
      description: 'The length of a cohort: MONTH, QUARTER, YEAR or TOTAL.',
    })
    cohortGrain: TimeGrainName,
    @Arg('fromCohort', () => GraphQLDate, { nullable: true, description: 'The first local day of the disbursements.' })
    fromCohort: LocalDate | null,
    @Arg('toCohort', () => GraphQLDate, { nullable: true, description: 'The last local day of the disbursements.' })
    toCohort: LocalDate | null,
    @Arg('maxMob', () => Int, { defaultValue: 24, description: 'The last month on book, up to 120.' }) maxMob: number,
    @Arg('filters', () => [IndicatorFilterType], { nullable: true, description: FILTERS })
    filters: IndicatorFilterType[] | null,
    @Arg('asOf', () => GraphQLDateTime, { nullable: true, description: KNOWLEDGE }) asOf: Instant | null,
    @Ctx() { services, caller, signal }: RequestContext,
  ): Promise<DataTableType> {
    const table = await services.indicators.vintage({
      dpd,
      basis,
      observed,
      by: by ?? [],
      cohortGrain,
      fromCohort: fromCohort ?? null,
      toCohort: toCohort ?? null,
      maxMob,
      filters: filters ?? [],
      rights: caller.rows ?? [],
      asOf: asOf ?? null,
      now: services.now(),
      signal,
    });
    return { ...table, rowCount: table.rows.length };
  }

  @Operation({
    roles: ['admin', 'modeler', 'bi'],
    withinRights: true,
    lookUp: ({ from, to, by, basis, asOf }) => ({ of: { from, to, by, basis, asOf } }),
  })
  @Query(() => DataTableType, {
    description:
      'Reads roll rates and migration: the share of each bucket at the end of a month that is in each state at the end of the next, same loans only.',
  })
  async rollRates(
    @Arg('from', () => GraphQLDate, { description: FIRST_DAY }) from: LocalDate,
    @Arg('to', () => GraphQLDate, { description: LAST_DAY }) to: LocalDate,
    @Arg('basis', () => Basis, { defaultValue: 'BALANCE', description: 'The quantity that is counted.' })
    basis: BasisName,
    @Arg('by', () => [String], { nullable: true, description: 'The dimensions of loans to group by.' })
    by: string[] | null,
    @Arg('filters', () => [IndicatorFilterType], { nullable: true, description: FILTERS })
    filters: IndicatorFilterType[] | null,
    @Arg('asOf', () => GraphQLDateTime, { nullable: true, description: KNOWLEDGE }) asOf: Instant | null,
    @Ctx() { services, caller, signal }: RequestContext,
  ): Promise<DataTableType> {
    const table = await services.indicators.rollRates({
      from,
      to,
      basis,
      by: by ?? [],
      filters: filters ?? [],
      rights: caller.rows ?? [],
      asOf: asOf ?? null,
      now: services.now(),
      signal,
    });
    return { ...table, rowCount: table.rows.length };
  }

  @Operation({
    roles: ['admin', 'modeler', 'bi'],
    withinRights: true,
    lookUp: ({ name, from, to, grain, by, windowDays, asOf }) => ({
      of: { name, from, to, grain, by, windowDays, asOf },
    }),
  })
  @Query(() => DataTableType, {
    description:
      'Reads a funnel: of the people who take its first step in a period, how many reach each step, one row per period, combination of dimensions and step.',
  })
  async funnel(
    @Arg('name', () => String, { description: 'The funnel: a name means its newest version, name@version that one.' })
    name: string,
    @Arg('from', () => GraphQLDate, { description: FIRST_DAY }) from: LocalDate,
    @Arg('to', () => GraphQLDate, { description: LAST_DAY }) to: LocalDate,
    @Arg('grain', () => TimeGrain, { defaultValue: 'MONTH', description: 'The length of a period.' })
    grain: TimeGrainName,
    @Arg('by', () => [String], { nullable: true, description: 'The dimensions of the first step to group by.' })
    by: string[] | null,
    @Arg('windowDays', () => Int, {
      defaultValue: 30,
      description: 'The days after the first step within which a later step counts, 1 to 365.',
    })
    windowDays: number,
    @Arg('filters', () => [IndicatorFilterType], { nullable: true, description: FILTERS })
    filters: IndicatorFilterType[] | null,
    @Arg('asOf', () => GraphQLDateTime, { nullable: true, description: KNOWLEDGE }) asOf: Instant | null,
    @Ctx() { services, caller, signal }: RequestContext,
  ): Promise<DataTableType> {
    const table = await services.indicators.funnel({
      name,
      from,
      to,
      grain,
      by: by ?? [],
      windowDays,
      filters: filters ?? [],
      rights: caller.rows ?? [],
      asOf: asOf ?? null,
      now: services.now(),
      signal,
    });
    return { ...table, rowCount: table.rows.length };
  }
}
