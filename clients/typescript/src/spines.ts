/** Spines that are uploaded: the rows of training sets, however many. */
import { openAsBlob } from 'node:fs';
import { extname } from 'node:path';
import { RiskgraphError } from './errors.js';
import type { CallOptions, Transport } from './transport.js';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.parquet': 'application/vnd.apache.parquet',
  '.arrow': 'application/vnd.apache.arrow.file',
  '.arrows': 'application/vnd.apache.arrow.stream',
};

/** What the server took of a file. */
export interface Spine {
  readonly id: string;
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** The column with the outcome of each row; null where there is none. */
  readonly target: string | null;
  /** Rows that are not in the spine. */
  readonly rejected: number;
  /** The first 20 of them. */
  readonly refused: readonly { readonly line: number; readonly column: string | null; readonly reason: string }[];
  /** When the spine is dropped, unless a training set is made from it until then. */
  readonly expiresAt: string;
}

export async function uploadSpine(
  transport: Transport,
  path: string,
  target: string | undefined,
  call?: CallOptions,
): Promise<Spine> {
  const contentType = CONTENT_TYPES[extname(path).toLowerCase()];
  if (contentType === undefined) {
    throw new RiskgraphError({
      code: 'BAD_USER_INPUT',
      message: `the name of ${path} ends in no format`,
      hint: `the names of files end in ${Object.keys(CONTENT_TYPES).join(', ')}`,
    });
  }
  const query = target === undefined ? '' : `?${new URLSearchParams({ target }).toString()}`;
  return transport.upload<Spine>(`/spines${query}`, await openAsBlob(path), contentType, call);
}
