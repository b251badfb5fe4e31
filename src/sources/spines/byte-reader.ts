/** Reads a body by numbers of bytes; at its end it gives fewer. */
export class ByteReader {
  private readonly chunks: AsyncIterator<Uint8Array>;
  private held: Uint8Array[] = [];
  private size = 0;
  private ended = false;

  constructor(body: AsyncIterable<Uint8Array>) {
    this.chunks = body[Symbol.asyncIterator]();
  }

  /** The next bytes, which stay. */
  async peek(bytes: number): Promise<Buffer> {
    await this.hold(bytes);
    const all = Buffer.concat(this.held);
    this.held = [all];
    return all.subarray(0, bytes);
  }

  async take(bytes: number): Promise<Buffer> {
    await this.hold(bytes);
    const all = Buffer.concat(this.held);
    const taken = all.subarray(0, bytes);
    const rest = all.subarray(taken.length);
    [this.held, this.size] = [rest.length > 0 ? [rest] : [], rest.length];
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
