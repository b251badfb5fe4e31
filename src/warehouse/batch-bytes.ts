/** A small batch needs no more. */
const FIRST_BYTES = 2 ** 16;

/**
 * The bytes of a batch in one of two alternating buffers: one is sent while the other fills, and both are reused. New buffers for each
 * batch would lie beside the heap until it is next swept as a whole, which costs several times the memory of what is being sent.
 */
export class BatchBytes {
  protected bytes = Buffer.allocUnsafe(FIRST_BYTES);
  protected at = 0;
  private spare = Buffer.alloc(0);

  /** @param limit bytes at which the caller takes the batch: the buffers grow no further than a batch needs */
  constructor(private readonly limit: number) {}

  get length(): number {
    return this.at;
  }

  get full(): boolean {
    return this.at >= this.limit;
  }

  /** Returns the bytes added so far. They are valid until the next `take`, when their buffer is filled again. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.at);
    const next = this.spare.length > 0 ? this.spare : Buffer.allocUnsafe(FIRST_BYTES);
    this.spare = this.bytes;
    this.bytes = next;
    this.at = 0;
    return taken;
  }

  addText(text: string): void {
    // No UTF-16 unit takes more than three bytes.
    this.reserve(text.length * 3);
    this.at += this.bytes.write(text, this.at);
  }

  protected reserve(count: number): void {
    const needed = this.at + count;
    if (needed <= this.bytes.length) return;
    // Beyond the limit there is at most one more row.
    const doubled = Math.min(this.bytes.length * 2, this.limit + FIRST_BYTES);
    const larger = Buffer.allocUnsafe(Math.max(doubled, needed));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }
}
