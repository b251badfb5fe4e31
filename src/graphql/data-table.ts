import { Field, Int, ObjectType } from 'type-graphql';
import type { Instant, LocalDate } from '../core/helpers/time.js';
import type { NullReason as NullReasonName } from '../core/ports/indicators.js';
import { FEATURE_TYPE, MASKED_COLUMN } from './descriptions.js';
import { NullReason } from './enums.js';
import { GraphQLDate, GraphQLDateTime, GraphQLJSON } from './scalars.js';

@ObjectType('TableColumn', { description: 'A column of a table.' })
export class TableColumnType {
  @Field(() => String, { description: 'The name of the column.' })
  name!: string;

  @Field(() => String, { description: FEATURE_TYPE })
  type!: string;

  @Field(() => String, { nullable: true, description: 'The unit of the values.' })
  unit?: string | null;

  @Field(() => String, { nullable: true, description: 'The description of the column.' })
  description?: string | null;

  @Field(() => Boolean, { description: MASKED_COLUMN })
  masked!: boolean;
}

@ObjectType('NullCell', { description: 'A cell of a report that is null, with the reason.' })
export class NullCellType {
  @Field(() => Int, { description: 'The index of the row in rows.' })
  row!: number;

  @Field(() => String, { description: 'The name of the column.' })
  column!: string;

  @Field(() => NullReason, { description: 'The reason.' })
  reason!: NullReasonName;
}

@ObjectType('FeatureTable', { description: 'A point-in-time join: one row per spine row, in the same order.' })
export class FeatureTableType {
  @Field(() => [TableColumnType], { description: 'The columns of the table.' })
  columns!: readonly TableColumnType[];

  @Field(() => Int, { description: 'The number of rows.' })
  rowCount!: number;

  @Field(() => GraphQLJSON, { description: 'The rows: an array of arrays, in the order of columns.' })
  rows!: unknown;
}

@ObjectType('DataTable', { description: 'A report as a table.' })
export class DataTableType {
  @Field(() => [TableColumnType], { description: 'The columns of the table.' })
  columns!: readonly TableColumnType[];

  @Field(() => Int, { description: 'The number of rows.' })
  rowCount!: number;

  @Field(() => GraphQLJSON, { description: 'The rows: an array of arrays, in the order of columns.' })
  rows!: unknown;

  @Field(() => [NullCellType], {
    description: 'The null cells that have a reason.',
  })
  nulls!: readonly NullCellType[];

  @Field(() => GraphQLDate, { nullable: true, description: 'The last local day for which every column has data.' })
  dataThrough!: LocalDate | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: 'The knowledge time of the report.' })
  asOf!: Instant | null;
}
