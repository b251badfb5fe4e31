/** Spines that callers upload: the rows of training sets, kept in the offline store until no set needs them. */
import type { FeatureType } from '../definitions/types.js';
import type { Instant } from '../helpers/time.js';
import type { ImportFormat, RejectedRow } from './sources.js';

/** The most that a spine may be. */
export interface SpineLimits {
  readonly rows: number;
  /** Of the rows before compression; of an upload, the bytes that are sent. */
  readonly bytes: number;
}

export interface SpineContent {
  /** In the offline store: `rid` from 0, `t` in UTC ms, and the columns as `c0`, `c1`, … in their order. */
  readonly table: string;
  readonly rows: number;
  /** In the order of the file. */
  readonly columns: readonly { readonly name: string; readonly type: FeatureType }[];
  /** Name of the column with the outcome of each row, which counts once its `known_at` has passed; null where there is none. */
  readonly target: string | null;
}

export interface UploadedSpine extends SpineContent {
  /** A UUID. */
  readonly id: string;
  /** The name of the caller's key, or the key's id where it has none. */
  readonly uploadedBy: string;
  readonly uploadedAt: Instant;
}

export interface SpineUploadResult {
  readonly id: string;
  readonly rows: number;
  readonly columns: SpineContent['columns'];
  readonly target: string | null;
  /** Rows that are not in the spine. */
  readonly rejected: number;
  /** The first 20 of them. */
  readonly refused: readonly RejectedRow[];
  /** When the spine is dropped, unless a training set is made from it until then. */
  readonly expiresAt: Instant;
}

/** The entities that a spine names. */
export interface SpineKeys {
  /** Different values of each join key, as text and without NULL. */
  readonly columns: Readonly<Record<string, readonly string[]>>;
  /** How many different values the join key with the most has, where `columns` holds a part of them; null where it holds all. */
  readonly total: number | null;
}

export interface SpineFile {
  /** Name of one of `formats`. */
  readonly format: string;
  readonly body: AsyncIterable<Uint8Array>;
  /** Name of the column with the outcome; absent: `target`, where there is one. */
  readonly target?: string | undefined;
}

export interface OwnedSpineFile extends SpineFile {
  /** As `uploadedBy`: callers take turns. */
  readonly caller: string;
}

/** Writes the rows of uploads into the offline store. */
export interface SpineStore {
  readonly formats: readonly ImportFormat[];
  /**
   * Streams a file into a table of its own. A bad row is refused with its line, column and reason and stops no other.
   * @throws BAD_USER_INPUT for a file without a key, without `event_timestamp` or without a good row; PAYLOAD_TOO_LARGE with more than the limits;
   * OVERLOADED where the caller's turn does not come in time
   */
  write(id: string, file: OwnedSpineFile): Promise<SpineContent & Pick<SpineUploadResult, 'rejected' | 'refused'>>;
  /** At most 100,000 join keys, of all columns together. */
  keysOf(spine: Pick<SpineContent, 'table' | 'columns'>): Promise<SpineKeys>;
  /** Of all tables together, before compression. */
  bytes(tables: readonly string[]): Promise<number>;
  drop(table: string): Promise<void>;
  /** Drops what uploads left whose process was killed, some minutes later. `kept`: tables of recorded spines. */
  sweep(kept: ReadonlySet<string>): Promise<void>;
}

/** Records uploaded spines; kept in Postgres. */
export interface SpineLedger {
  create(spine: UploadedSpine): Promise<void>;
  get(id: string): Promise<UploadedSpine | null>;
  all(): Promise<readonly UploadedSpine[]>;
  /** Lists spines of before an instant from which no training set is made, or asked for since then; a set that failed is none. */
  unused(before: Instant): Promise<readonly UploadedSpine[]>;
  remove(id: string): Promise<void>;
}

export interface SweptSpines {
  readonly dropped: number;
}

/** Uploaded spines, for the API and for the job that drops those that nothing needs. */
export interface SpineService {
  readonly formats: readonly ImportFormat[];
  /** As SpineStore.write; CONFLICT where the caller has very many spines from which no set is made. */
  upload(file: OwnedSpineFile): Promise<SpineUploadResult>;
  /** NOT_FOUND for an id that is unknown, or of a spine that was dropped. */
  get(id: string): Promise<UploadedSpine>;
  /** As SpineStore.keysOf. */
  keysOf(spine: UploadedSpine): Promise<SpineKeys>;
  sweep(): Promise<SweptSpines>;
}
