import { Arg, Ctx, Field, FieldResolver, Float, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql';
import type { LocalDate } from '../core/helpers/time.js';
import { type SourceTable, storedType } from '../core/lending/sources.js';
import type { RequestContext } from './context.js';
import { AssumedSize, Operation } from './operation.js';
import { GraphQLDate } from './scalars.js';

@ObjectType('SourceTableColumn', { description: 'A column of a source table.' })
class SourceTableColumnType {
  @Field(() => String, { description: 'The name of the column.' })
  name!: string;

  @Field(() => String, { description: 'The type of the column in ClickHouse.' })
  type!: string;

  @Field(() => Boolean, { description: 'Tells whether a row may have no value of the column.' })
  nullable!: boolean;

  @Field(() => String, { description: 'The meaning of a value.' })
  description!: string;

  @Field(() => Boolean, { description: 'Tells whether the column identifies a person or a device.' })
  pii!: boolean;
}

@ObjectType('SourceTable', {
  description: 'A source table: imports fill it, or it is read in place where it is attached.',
})
class SourceTableType {
  @Field(() => String, { description: 'The name of the table.' })
  name!: string;

  @Field(() => String, { description: 'The meaning of a row.' })
  description!: string;

  @Field(() => [String], {
    description: 'The columns that identify a row: a row with the same key is a new version of it.',
  })
  key!: readonly string[];

  @Field(() => String, {
    nullable: true,
    description: 'The column that says when a row happened; null for reference data, whose rows always held.',
  })
  eventTime!: string | null;

  @AssumedSize(20)
  @Field(() => [SourceTableColumnType], { description: 'The columns of the table.' })
  columns!: readonly SourceTableColumnType[];

  @Field(() => Boolean, {
    description: 'Tells whether the table lives in the database of the lender: it is read in place and never written.',
  })
  attached!: boolean;

  @Field(() => Float, {
    nullable: true,
    description: 'The number of stored versions of rows; null for an attached table, whose rows are not counted.',
  })
  rows!: number | null;

  @Field(() => [String], {
    description: 'The applied views, labels and indicators that read the table; a view and a label as name@version.',
  })
  readBy!: readonly string[];
}

const columnsOf = ({ columns }: SourceTable): readonly SourceTableColumnType[] =>
  columns.map((column) => ({
    name: column.name,
    type: storedType(column),
    nullable: column.nullable,
    description: column.description,
    pii: column.pii,
  }));

async function tableTypes(
  tables: readonly SourceTable[],
  { sources, browser }: RequestContext['services'],
): Promise<SourceTableType[]> {
  const rows = await sources.rowCounts();
  return tables.map((table) => ({
    name: table.name,
    description: table.description,
    key: table.key,
    eventTime: table.eventTime.kind === 'always' ? null : table.eventTime.column,
    columns: columnsOf(table),
    attached: table.attached !== null,
    rows: rows.get(table.name) ?? null,
    readBy: browser
      .lineage({ kind: 'TABLE', id: table.name })
      .downstream.filter(({ distance, kind }) => distance === 1 && kind !== 'TABLE')
      .map(({ id }) => id)
      .sort(),
  }));
}

@Resolver(() => SourceTableType)
export class TablesResolver {
  @Operation({ roles: ['admin', 'modeler', 'bi'] })
  @Query(() => [SourceTableType], { description: 'Lists the source tables, with what reads each of them.' })
  tables(@Ctx() { services }: RequestContext): Promise<SourceTableType[]> {
    return tableTypes(services.registry.tables.all, services);
  }

  @Operation({ roles: ['admin', 'ingest'] })
  @Mutation(() => SourceTableType, {
    description:
      'Marks a source table as whole through a day: its rows of that day and of those before are all there. A day that is whole already changes nothing, and rows that come late are taken as ever.',
  })
  async markComplete(
    @Arg('table', () => String, { description: 'The name of the table, attached or not.' }) name: string,
    @Arg('date', () => GraphQLDate, { description: 'The last day that is whole; it must be over.' }) date: LocalDate,
    @Ctx() { services, caller, loaders }: RequestContext,
  ): Promise<SourceTableType> {
    const table = services.registry.tables.get(name);
    await services.completeness.mark({ table: table.name, through: date, by: caller.name });
    loaders.completeness.clear(table.name);
    const [marked] = await tableTypes([table], services);
    return marked as SourceTableType;
  }

  @FieldResolver(() => GraphQLDate, {
    nullable: true,
    description: 'The last day that is whole, by a mark or by the rows that came; null where none is known to be.',
  })
  async completeThrough(
    @Root() { name }: SourceTableType,
    @Ctx() { loaders }: RequestContext,
  ): Promise<LocalDate | null> {
    return (await loaders.completeness.load(name)).through;
  }

  @FieldResolver(() => GraphQLDate, {
    nullable: true,
    description: 'The last day that should be whole by now; null where the table promises nothing.',
  })
  async completeDue(@Root() { name }: SourceTableType, @Ctx() { loaders }: RequestContext): Promise<LocalDate | null> {
    return (await loaders.completeness.load(name)).due;
  }
}
