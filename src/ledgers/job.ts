import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Instant } from '../core/helpers/time.js';
import type { JobState } from '../core/ports/jobs.js';
import { instant } from './columns.js';

@Entity({ name: 'job' })
export class JobEntity {
  /** UUID version 7: sorts by time of creation. */
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', nullable: true })
  owner!: string | null;

  @Column({ type: 'text' })
  state!: JobState;

  @Column({ type: 'double precision' })
  progress!: number;

  @Column({ type: 'jsonb', nullable: true })
  payload!: object | null;

  @Column({ type: 'jsonb', nullable: true })
  result!: object | null;

  @Column({ type: 'text', nullable: true })
  error!: string | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, transformer: instant })
  createdAt!: Instant;

  @Column({ name: 'started_at', type: 'timestamptz', precision: 3, nullable: true, transformer: instant })
  startedAt!: Instant | null;

  @Column({ name: 'finished_at', type: 'timestamptz', precision: 3, nullable: true, transformer: instant })
  finishedAt!: Instant | null;
}
