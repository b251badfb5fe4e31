const viewOf = ({ buffer, byteOffset, length }: Uint8Array, bytes: number): Buffer =>
  Buffer.from(buffer, byteOffset, Math.min(bytes, length));

/** Reads a body by numbers of bytes; at its end it gives fewer. */
export class ByteReader {
  private readonly chunks: AsyncIterator<Uint8Array>;
  private held: Uint8Array[] = [];
  private size = 0;
  private ended = false;

  constructor(body: AsyncIterable<Uint8Array>) {
    this.chunks = body[Symbol.asyncIterator]();
  }

  /** The next bytes, which stay; good until bytes are taken. */
  async peek(bytes: number): Promise<Buffer> {
    await this.hold(bytes);
    const [first] = this.held;
    // What came in one piece is not copied: small messages are many in a piece.
    if (first && (first.length >= bytes || this.held.length === 1)) return viewOf(first, bytes);
    const all = Buffer.concat(this.held);
    this.held = all.length > 0 ? [all] : [];
    return all.subarray(0, bytes);
  }

  /** The next bytes as memory of their own: who keeps them keeps nothing else of the body. */
  async take(bytes: number): Promise<Buffer> {
    await this.hold(bytes);
    const taken = Buffer.allocUnsafeSlow(Math.min(bytes, this.size));
    let [filled, pieces] = [0, 0];
    for (const piece of this.held) {
      if (filled + piece.length > taken.length) break;
      taken.set(piece, filled);
      filled += piece.length;
      pieces++;
    }
    this.held.splice(0, pieces);
    const [cut] = this.held;
    if (cut && filled < taken.length) {
      taken.set(cut.subarray(0, taken.length - filled), filled);
      this.held[0] = cut.subarray(taken.length - filled);
    }
    this.size -= taken.length;
    return taken;
  }

  /** Lets the rest go by, and gives the last bytes of it. */
  async drain(bytes: number): Promise<Buffer> {
    for (;;) {
      const end = Buffer.concat(this.held).subarray(-bytes);
      [this.held, this.size] = [[end], end.length];
      if (this.ended) return end;
      await this.hold(this.size + 1);
    }
  }

  private async hold(bytes: number): Promise<void> {
    while (this.size < bytes && !this.ended) {
      const next = await this.chunks.next();
      if (next.done) {
        this.ended = true;
        return;
      }
      this.held.push(next.value);
      this.size += next.value.length;
    }
  }
}
