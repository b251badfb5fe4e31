import { Field, Int, ObjectType } from 'type-graphql';
import type { Instant, LocalDate } from '../core/helpers/time.js';
import type { NullReason as NullReasonName } from '../core/ports/indicators.js';
import { NullReason } from './enums.js';
import { GraphQLDate, GraphQLDateTime, GraphQLJSON } from './scalars.js';

@ObjectType('TableColumn')
export class TableColumnType {
  @Field(() => String)
  name!: string;

  @Field(() => String)
  type!: string;

  @Field(() => String, { nullable: true })
  unit?: string | null;

  @Field(() => String, { nullable: true })
  description?: string | null;
}

@ObjectType('NullCell', { description: 'Why a cell of a report is null.' })
export class NullCellType {
  @Field(() => Int, { description: 'Index in rows.' })
  row!: number;

  @Field(() => String)
  column!: string;

  @Field(() => NullReason)
  reason!: NullReasonName;
}

@ObjectType('FeatureTable', { description: 'A point-in-time join: one row a spine row, in the same order.' })
export class FeatureTableType {
  @Field(() => [TableColumnType])
  columns!: readonly TableColumnType[];

  @Field(() => Int)
  rowCount!: number;

  @Field(() => GraphQLJSON, { description: 'An array of arrays, in the order of columns.' })
  rows!: unknown;
}

@ObjectType('DataTable', { description: 'A report.' })
export class DataTableType {
  @Field(() => [TableColumnType])
  columns!: readonly TableColumnType[];

  @Field(() => Int)
  rowCount!: number;

  @Field(() => GraphQLJSON, { description: 'An array of arrays, in the order of columns.' })
  rows!: unknown;

  @Field(() => [NullCellType], { description: 'The reason of every null that is not simply absent.' })
  nulls!: readonly NullCellType[];

  @Field(() => GraphQLDate, { nullable: true, description: 'The last local day that the report has data of.' })
  dataThrough!: LocalDate | null;

  @Field(() => GraphQLDateTime, { nullable: true, description: 'The knowledge time that was asked for.' })
  asOf!: Instant | null;
}
