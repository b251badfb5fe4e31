import { RiskgraphError } from './errors.js';

/** Bytes that unpacked data may have for each byte that was sent: files of rows pack to a twentieth or so, of very many equal ones to a hundredth. */
const MAX_RATIO = 200;
/** Below this no ratio counts. */
const FREE_BYTES = 64 * 2 ** 20;

/** Bounds what a packed body unpacks to: a few bytes may stand for any number. */
export class Unpacked {
  private bytes = 0;

  /** @param packed how many bytes were sent, as far as is known */
  constructor(private readonly packed: () => number) {}

  /** @throws PAYLOAD_TOO_LARGE where it is more than is taken */
  add(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes <= FREE_BYTES || this.bytes <= this.packed() * MAX_RATIO) return;
    throw new RiskgraphError({
      code: 'PAYLOAD_TOO_LARGE',
      message: `the file unpacks to more than ${FREE_BYTES / 2 ** 20} MiB and ${MAX_RATIO} times its size`,
      hint: 'nothing of it was taken: send it plain, as CSV or NDJSON',
    });
  }
}
