/** What a server and the process that reads Parquet files for it say to each other. */
import type { ErrorCode } from '../../core/errors.js';
import type { RowBatch } from './rows.js';

/** `more` asks for one batch. */
export type Question = { readonly kind: 'read'; readonly path: string } | { readonly kind: 'more' };

export type Answer =
  /** It has begun, and takes a file. */
  | { readonly kind: 'ready' }
  | ({ readonly kind: 'batch' } & RowBatch)
  | { readonly kind: 'end' }
  /** An error that the sender of the file reads. */
  | { readonly kind: 'refusal'; readonly code: ErrorCode; readonly message: string; readonly hint: string | undefined }
  /** An error of ours, for the log. */
  | { readonly kind: 'fault'; readonly text: string };
