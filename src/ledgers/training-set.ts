import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Instant } from '../core/helpers/time.js';
import type { TrainingSetResult, TrainingSetSpec } from '../core/ports/training-sets.js';
import { instant } from './columns.js';

/** A requested training set and its result; its state, progress and error are its job's. */
@Entity({ name: 'training_set' })
export class TrainingSetEntity {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ name: 'job_id', type: 'text' })
  jobId!: string;

  /** Spine, label, as-of, format and the like. Keeps the order of a spine's columns, which is that of the file. */
  @Column({ type: 'json' })
  request!: TrainingSetSpec;

  /** Of a set that is made of an uploaded spine: what is needed to see which spines are in use. */
  @Column({ name: 'spine_id', type: 'text', nullable: true, select: false })
  spineId?: string | null;

  /** Pinned references, in the order of the columns. */
  @Column({ type: 'jsonb' })
  features!: string[];

  /** Row count, column profiles and manifest; null until the file is complete. */
  @Column({ type: 'json', nullable: true })
  result!: TrainingSetResult | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, transformer: instant })
  createdAt!: Instant;
}
