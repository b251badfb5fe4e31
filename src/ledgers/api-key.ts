import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Instant } from '../core/helpers/time.js';
import type { Role } from '../core/ports/access.js';
import { instant } from './columns.js';

/** A generated key's hash; the key itself is in the operator's file alone. */
@Entity({ name: 'api_key' })
export class ApiKeyEntity {
  @PrimaryColumn({ type: 'text' })
  sha256!: string;

  @Column({ type: 'text' })
  role!: Role;

  @Column({ type: 'text' })
  name!: string;

  @Column({ name: 'row_rights', type: 'text', nullable: true })
  rows!: string | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3, transformer: instant })
  createdAt!: Instant;
}
