/** Who may call, and what was done. */
import type { Instant } from '../helpers/time.js';

export const ROLES = ['admin', 'ingest', 'modeler', 'decision', 'bi'] as const;
export type Role = (typeof ROLES)[number];

/** Who calls: a key's role and name. Never the key. */
export interface Caller {
  readonly role: Role;
  /** The name that RISKGRAPH_KEYS gives a key, else the role. */
  readonly name: string;
  /** First 16 hex digits of the key's SHA-256: the same key in logs, limits and audit. */
  readonly keyId: string;
}

/** SHA-256 of the keys that may call; never the keys. */
export interface KeyStore {
  all(): Promise<readonly { readonly sha256: string; readonly role: Role; readonly name: string }[]>;
  add(key: {
    readonly sha256: string;
    readonly role: Role;
    readonly name: string;
    readonly createdAt: Instant;
  }): Promise<void>;
  /** From then on no process that opens its keys accepts these; hashes that are not there are no error. */
  remove(sha256: readonly string[]): Promise<void>;
}

export interface AuditEntry {
  readonly at: Instant;
  readonly requestId: string;
  /** Null: no key or a wrong one. */
  readonly caller: Caller | null;
  /** `Mutation.materialize`, `GET /training-sets/:id`, … */
  readonly action: string;
  readonly outcome: 'DONE' | 'REFUSED' | 'FAILED';
  /** From where: the peer's address. */
  readonly address: string;
  /** Arguments with personal values left out, the code of a refusal. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Every mutation, export, download and refused call: who, what, when, from where. */
export interface AuditLog {
  record(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  list(limit: number): Promise<readonly AuditEntry[]>;
}
