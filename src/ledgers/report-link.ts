import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Instant } from '../core/helpers/time.js';
import type { LinkedReport, ReportLink } from '../core/ports/report-links.js';
import { instant } from './columns.js';

/** A report link; the secret in its address is with those it was given to. */
@Entity({ name: 'report_link' })
export class ReportLinkEntity implements ReportLink {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ type: 'text' })
  sha256!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  report!: LinkedReport;

  @Column({ type: 'json' })
  indicators!: ReportLink['indicators'];

  @Column({ name: 'row_rights', type: 'json' })
  rows!: ReportLink['rows'];

  @Column({ name: 'created_by', type: 'text' })
  createdBy!: string;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, transformer: instant })
  createdAt!: Instant;

  @Column({ name: 'expires_at', type: 'timestamptz', precision: 3, nullable: true, transformer: instant })
  expiresAt!: Instant | null;

  @Column({ name: 'revoked_at', type: 'timestamptz', precision: 3, nullable: true, transformer: instant })
  revokedAt!: Instant | null;
}
