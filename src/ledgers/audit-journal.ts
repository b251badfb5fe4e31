import type { DataSource } from 'typeorm';
import type { AuditLog } from '../core/ports/access.js';
import { AuditLogEntity } from './audit-log.js';

export function createAuditLog(dataSource: DataSource): AuditLog {
  const repository = dataSource.getRepository(AuditLogEntity);
  return {
    async record(entry) {
      await repository.insert({ ...entry, details: entry.details as object });
    },
    async list(limit) {
      return repository.find({ order: { id: 'DESC' }, take: limit });
    },
  };
}
