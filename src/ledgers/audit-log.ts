import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { Instant } from '../core/helpers/time.js';
import type { AuditEntry, Caller } from '../core/ports/access.js';
import { instant } from './columns.js';

/** Append-only: nothing updates or deletes an entry. */
@Entity({ name: 'audit_log' })
export class AuditLogEntity {
  @PrimaryGeneratedColumn({ type: 'bigint' })
  id!: string;

  @Column({ type: 'timestamptz', precision: 3, transformer: instant })
  at!: Instant;

  @Column({ name: 'request_id', type: 'text' })
  requestId!: string;

  @Column({ type: 'jsonb', nullable: true })
  caller!: Caller | null;

  @Column({ type: 'text' })
  action!: string;

  @Column({ type: 'text' })
  outcome!: AuditEntry['outcome'];

  @Column({ type: 'text' })
  address!: string;

  @Column({ type: 'jsonb' })
  details!: Record<string, unknown>;
}
