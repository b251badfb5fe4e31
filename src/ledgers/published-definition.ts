import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { VersionedKind } from '../core/definitions/definition-kinds.js';
import type { Instant } from '../core/helpers/time.js';
import { instant } from './columns.js';

@Entity({ name: 'published_definition' })
export class PublishedDefinitionEntity {
  @PrimaryColumn({ type: 'text' })
  kind!: VersionedKind;

  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'integer' })
  version!: number;

  @Column({ type: 'text' })
  hash!: string;

  @Column({ type: 'jsonb' })
  snapshot!: Record<string, unknown>;

  @Column({ name: 'applied_at', type: 'timestamptz', precision: 3, transformer: instant })
  appliedAt!: Instant;

  @Column({ name: 'retired_at', type: 'timestamptz', precision: 3, nullable: true, transformer: instant })
  retiredAt!: Instant | null;

  @Column({ name: 'pruned_at', type: 'timestamptz', precision: 3, nullable: true, transformer: instant })
  prunedAt!: Instant | null;

  @Column({ name: 'champion_since', type: 'timestamptz', precision: 3, nullable: true, transformer: instant })
  championSince!: Instant | null;

  @Column({ name: 'former_hashes', type: 'text', array: true })
  formerHashes!: string[];
}
