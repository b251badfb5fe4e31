/** Report links: addresses that read one report without a key, until they are revoked. */
import type { Instant } from '../helpers/time.js';
import type { RowRight } from './access.js';

export const LINKED_REPORTS = ['INDICATORS', 'VINTAGE', 'ROLL_RATES', 'FUNNEL'] as const;
export type LinkedReport = (typeof LINKED_REPORTS)[number];

export interface ReportLink {
  readonly id: string;
  /** What it is for, such as the workbook that reads it: the caller's name in the audit log. */
  readonly name: string;
  readonly report: LinkedReport;
  /** The indicators, or the one funnel, that it reads; none of a report that takes none. */
  readonly indicators: readonly string[];
  /** The rows that it reads; none: every row. */
  readonly rows: readonly RowRight[];
  /** The name of the key that made it. */
  readonly createdBy: string;
  readonly createdAt: Instant;
  /** Null: it is read until it is revoked. */
  readonly expiresAt: Instant | null;
  /** Null: it was not revoked. */
  readonly revokedAt: Instant | null;
}

/** Keeps the SHA-256 of the secret of each link, never the secret. */
export interface ReportLinkLedger {
  create(link: ReportLink & { readonly sha256: string }): Promise<void>;
  /** Lists all links, the newest first: revoked ones too. */
  all(): Promise<readonly ReportLink[]>;
  /** Finds the link in force with this hash; null for one that is unknown, revoked or over. */
  inForce(sha256: string, now: Instant): Promise<ReportLink | null>;
  /** Ends a link; one that is revoked already keeps its time. Null where there is none of this id. */
  revoke(id: string, now: Instant): Promise<ReportLink | null>;
}

export type NewReportLink = Pick<ReportLink, 'name' | 'report' | 'indicators' | 'rows' | 'createdBy' | 'expiresAt'>;

/** Makes, finds and ends report links. */
export interface ReportLinks {
  /**
   * Makes a link. Its secret has 256 bits and is returned this once.
   * @throws BAD_USER_INPUT for a report, an indicator or a dimension that there is not, and for an end that is over
   */
  create(link: NewReportLink): Promise<{ readonly link: ReportLink; readonly secret: string }>;
  /** Lists all links, the newest first: revoked ones too. */
  all(): Promise<readonly ReportLink[]>;
  /** Finds the link in force with this secret; null for one that is unknown, revoked or over. */
  open(secret: string): Promise<(ReportLink & { readonly sha256: string }) | null>;
  /** Ends a link at once, for every process. NOT_FOUND where there is none of this id. */
  revoke(id: string): Promise<ReportLink>;
}
