/** A small batch needs no more. */
const FIRST_BYTES = 2 ** 16;

/**
 * The bytes of a batch in one of two buffers that take turns: one is on its way while the other fills, and both are used again. New ones for
 * each batch would lie beside the heap until it is next swept as a whole, which costs several times the memory of what is being sent.
 */
export class BatchBytes {
  protected bytes = Buffer.allocUnsafe(FIRST_BYTES);
  protected at = 0;
  private other = Buffer.alloc(0);

  /** @param limit bytes at which whoever fills it means to take them: the buffers grow no further than a batch needs */
  constructor(private readonly limit: number) {}

  get length(): number {
    return this.at;
  }

  get full(): boolean {
    return this.at >= this.limit;
  }

  /** What was added so far, until the next `take`: then its place is filled anew. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.at);
    const next = this.other.length > 0 ? this.other : Buffer.allocUnsafe(FIRST_BYTES);
    this.other = this.bytes;
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
