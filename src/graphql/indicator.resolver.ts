import { Arg, Ctx, Field, InputType, Int, ObjectType, Query, Resolver } from 'type-graphql';
import type { Instant, LocalDate } from '../core/helpers/time.js';
import type {
  Comparison as ComparisonName,
  FilterOp as FilterOpName,
  TimeGrain as TimeGrainName,
} from '../core/ports/indicators.js';
import type { RequestContext } from './context.js';
import { DataTableType } from './data-table.js';
import { Comparison, FilterOp, TimeGrain } from './enums.js';
import { Operation } from './operation.js';
import { GraphQLDate, GraphQLDateTime } from './scalars.js';

@ObjectType('Indicator', { description: 'A number that the management reads.' })
class IndicatorType {
  @Field(() => String)
  name!: string;

  @Field(() => String)
  domain!: string;

  @Field(() => String, { description: 'Its formula, population and variant.' })
  description!: string;

  @Field(() => String)
  unit!: string;

  @Field(() => [String], { description: 'What `by` and `filters` may name.' })
  dimensions!: readonly string[];

  @Field(() => Boolean, { description: 'Read at the end of a period rather than summed over it.' })
  stock!: boolean;
}

@InputType('IndicatorFilter')
export class IndicatorFilterType {
  @Field(() => String)
  dimension!: string;

  @Field(() => FilterOp)
  op!: FilterOpName;

  @Field(() => [String])
  values!: string[];
}

@Resolver()
export class IndicatorResolver {
  @Operation({ roles: ['admin', 'modeler', 'bi'] })
  @Query(() => [IndicatorType])
  indicators(
    @Arg('domain', () => String, { nullable: true }) domain: string | null,
    @Ctx() { services }: RequestContext,
  ): IndicatorType[] {
    return [...services.registry.indicators.values()]
      .filter((indicator) => domain == null || indicator.domain === domain)
      .map(({ name, domain, description, unit, dimensions, stock }) => ({
        name,
        domain,
        description,
        unit,
        dimensions: Object.keys(dimensions),
        stock,
      }));
  }

  @Operation({ roles: ['admin', 'modeler', 'bi'] })
  @Query(() => DataTableType, {
    description: 'Indicators side by side, one row a period and combination of dimensions.',
  })
  async indicatorTable(
    @Arg('names', () => [String]) names: string[],
    @Arg('by', () => [String], { nullable: true }) by: string[] | null,
    @Arg('grain', () => TimeGrain, { defaultValue: 'MONTH' }) grain: TimeGrainName,
    @Arg('from', () => GraphQLDate) from: LocalDate,
    @Arg('to', () => GraphQLDate) to: LocalDate,
    @Arg('filters', () => [IndicatorFilterType], { nullable: true }) filters: IndicatorFilterType[] | null,
    @Arg('compare', () => Comparison, { nullable: true }) compare: ComparisonName | null,
    @Arg('components', () => Boolean, { defaultValue: false, description: 'Adds <name>__num and <name>__den.' })
    components: boolean,
    @Arg('orderBy', () => String, { nullable: true, description: 'A column; a leading minus sorts descending.' })
    orderBy: string | null,
    @Arg('limit', () => Int, { nullable: true }) limit: number | null,
    @Arg('asOf', () => GraphQLDateTime, { nullable: true, description: 'Knowledge time: the report as it was then.' })
    asOf: Instant | null,
    @Ctx() { services }: RequestContext,
  ): Promise<DataTableType> {
    const table = await services.indicators.table({
      names,
      by: by ?? [],
      grain,
      from,
      to,
      filters: filters ?? [],
      compare: compare ?? null,
      components,
      orderBy: orderBy ?? null,
      limit: limit ?? null,
      asOf: asOf ?? null,
      now: services.now(),
    });
    return { ...table, rowCount: table.rows.length };
  }
}
