/** Access: roles, API keys and the audit log. */
import type { Instant } from '../helpers/time.js';

export const ROLES = ['admin', 'ingest', 'modeler', 'decision', 'bi', 'investigator'] as const;
export type Role = (typeof ROLES)[number];

/** The rows of reports that a key may read: those of which a dimension has one of the values. */
export interface RowRight {
  readonly dimension: string;
  readonly values: readonly string[];
}

/** The caller of a request: the role and name of its key, never the key itself. */
export interface Caller {
  readonly role: Role;
  /** The name that RISKGRAPH_KEYS gives the key; the role where it gives none. */
  readonly name: string;
  /** First 16 hex digits of the key's SHA-256: the same key in logs, limits and audit. */
  readonly keyId: string;
  /** Rights to rows, all of which must hold; absent where the key reads every row. A caller who has them reads reports, and nothing else. */
  readonly rows?: readonly RowRight[];
}

/** A key as it is kept. */
export interface StoredKey {
  readonly sha256: string;
  readonly role: Role;
  readonly name: string;
  /** Rights to rows as the entry of the key writes them; null where there are none. */
  readonly rows: string | null;
}

/** Keeps the SHA-256 of every API key, never the keys. */
export interface KeyStore {
  /** Lists the accepted keys. */
  all(): Promise<readonly StoredKey[]>;
  /** Accepts a key from now on. */
  add(key: StoredKey & { readonly createdAt: Instant }): Promise<void>;
  /** Removes keys: a process that reads its keys afterwards refuses them. Unknown hashes are no error. */
  remove(sha256: readonly string[]): Promise<void>;
}

/**
 * Counts requests in a window of time that begins with the first, for all processes together. Returns the count with this one, and what is left
 * of the window in ms.
 */
export type RateCount = (key: string, windowMs: number) => Promise<{ readonly current: number; readonly ttl: number }>;

export const OUTCOMES = ['BEGUN', 'DONE', 'REFUSED', 'FAILED'] as const;

export interface AuditEntry {
  readonly at: Instant;
  readonly requestId: string;
  /** Null for a request without a key or with an unknown one. */
  readonly caller: Caller | null;
  /** `Mutation.materialize`, `GET /training-sets/:id`, … */
  readonly action: string;
  /** A call that is recorded has two entries: BEGUN before anything is done, then how it ended. */
  readonly outcome: (typeof OUTCOMES)[number];
  /** The network address of the caller. */
  readonly address: string;
  /** The arguments without personal values, and the error code of a refused call. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** What a read was about: whose values an operation gave to its caller. */
export interface LookUp {
  /** The names that it asked by: a service, features, a model, a table, indicators. */
  readonly of: Readonly<Record<string, unknown>>;
  /** The entities that it asked for, in columns of join keys; none for a read of no single one. */
  readonly entities?: Readonly<Record<string, unknown>>;
  /** How many entities it asked for, where `entities` holds a part of them. */
  readonly total?: number;
}

/** The reads of one request that were answered. */
export interface AuditedReads extends Pick<AuditEntry, 'at' | 'requestId' | 'caller' | 'address'> {
  readonly calls: readonly (LookUp & { readonly operation: string })[];
}

/** A call without a key of this server. */
export interface Stranger {
  readonly at: Instant;
  readonly address: string;
  /** `POST /graphql`, … */
  readonly action: string;
}

/** Whether the audit log is what was written. */
export interface AuditCheck {
  readonly entries: number;
  /** The hash of the newest entry, in hex: kept elsewhere, it proves later that nothing before it was changed. */
  readonly newest: string;
  /** Names the entries that were changed or are missing; none where the chain is whole. */
  readonly faults: readonly string[];
  /** The role of Postgres that writes. */
  readonly role: string;
  /** Says what the role may do to the log beyond reading and appending; null where nothing. */
  readonly excess: string | null;
}

/** Records every mutation, import, export, download and refused call, and who looked up whom: caller, action, time, address. */
export interface AuditLog {
  /**
   * Appends one entry. Every text can be stored: NUL and half a character are replaced, what is long is cut with a mark.
   * @throws STORE_UNAVAILABLE where it is not written in time, which is logged and counted by then
   */
  record(entry: AuditEntry): Promise<void>;
  /**
   * Appends one entry for the reads of a request, with the number of entities and a keyed hash of each. It is written shortly after, together
   * with others, and no answer waits for it: what cannot be written for long is lost, counted, and said by an entry in its place.
   */
  noteReads(reads: AuditedReads): void;
  /**
   * As noteReads, but written when it returns: reads of very many entities do not crowd out those that wait. What cannot be written is logged and
   * counted.
   */
  recordReads(reads: AuditedReads): Promise<void>;
  /** Counts a call without a key: each minute has one entry for an address, written as those of reads are. */
  noteStranger(stranger: Stranger): void;
  /** Writes what was noted. */
  flush(): Promise<void>;
  /** Reads the whole log and checks its chain. */
  check(): Promise<AuditCheck>;
  /** Deletes the oldest entries, those before an instant; the chain stays whole. Returns how many. Those of the last 30 days stay. */
  prune(before: Instant): Promise<number>;
  /** Returns at most `limit` entries, newest first. */
  list(limit: number): Promise<readonly AuditEntry[]>;
}
