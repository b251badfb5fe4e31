import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Instant } from '../core/helpers/time.js';
import type { UploadedSpine } from '../core/ports/spines.js';
import { instant } from './columns.js';

/** A spine that a caller uploaded; its rows are in the offline store. */
@Entity({ name: 'uploaded_spine' })
export class UploadedSpineEntity {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ name: 'table_name', type: 'text' })
  table!: string;

  /** Postgres gives a bigint as text. */
  @Column({ type: 'bigint', transformer: { to: (rows: number) => rows, from: Number } })
  rows!: number;

  @Column({ type: 'json' })
  columns!: UploadedSpine['columns'];

  @Column({ type: 'text', nullable: true })
  target!: string | null;

  @Column({ name: 'uploaded_by', type: 'text' })
  uploadedBy!: string;

  @Column({ name: 'uploaded_at', type: 'timestamptz', precision: 3, transformer: instant })
  uploadedAt!: Instant;
}
