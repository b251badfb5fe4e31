import { type DataSource, IsNull, MoreThan } from 'typeorm';
import type { ReportLinkLedger } from '../core/ports/report-links.js';
import { ReportLinkEntity } from './report-link.js';

export function createReportLinkLedger(dataSource: DataSource): ReportLinkLedger {
  const links = dataSource.getRepository(ReportLinkEntity);
  return {
    async create({ indicators, rows, ...link }) {
      await links.insert({ ...link, indicators: indicators as object as [], rows: rows as object as [] });
    },
    all: () => links.find({ order: { createdAt: 'DESC', id: 'ASC' } }),
    inForce: (sha256, now) =>
      links.findOneBy([
        { sha256, revokedAt: IsNull(), expiresAt: IsNull() },
        { sha256, revokedAt: IsNull(), expiresAt: MoreThan(now) },
      ]),
    async revoke(id, now) {
      await links.update({ id, revokedAt: IsNull() }, { revokedAt: now });
      return links.findOneBy({ id });
    },
  };
}
