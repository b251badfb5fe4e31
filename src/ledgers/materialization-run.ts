import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { Instant } from '../core/helpers/time.js';
import type { RunRecord, RunStage } from '../core/ports/materialize.js';
import { instant } from './columns.js';

/** One as-of of one view by one job; its id is the sequence of the rows it writes. */
@Entity({ name: 'materialization_run' })
export class MaterializationRunEntity {
  @PrimaryGeneratedColumn('identity', { type: 'integer', generatedIdentity: 'ALWAYS' })
  id!: number;

  @Column({ name: 'job_id', type: 'text' })
  jobId!: string;

  @Column({ name: 'view_id', type: 'text' })
  viewId!: string;

  @Column({ name: 'as_of', type: 'timestamptz', precision: 3, transformer: instant })
  asOf!: Instant;

  @Column({ type: 'timestamptz', precision: 3, transformer: instant })
  knowledge!: Instant;

  @Column({ type: 'text' })
  kind!: RunRecord['kind'];

  @Column({ type: 'text' })
  stage!: RunStage;

  @Column({ name: 'online_stamp', type: 'timestamptz', precision: 3, nullable: true, transformer: instant })
  onlineStamp!: Instant | null;

  @Column({ name: 'history_stamp', type: 'timestamptz', precision: 3, nullable: true, transformer: instant })
  historyStamp!: Instant | null;

  @Column({ type: 'jsonb', nullable: true })
  counts!: RunRecord['counts'];

  @Column({ name: 'shards_done', type: 'integer', array: true })
  shardsDone!: number[];
}
