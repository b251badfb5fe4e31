/** A table of a FlatBuffer: fields by their number, absent where they have their default. Reading outside of the buffer throws a RangeError. */
export class FlatTable {
  private constructor(
    private readonly buffer: Buffer,
    private readonly at: number,
  ) {}

  static root(buffer: Buffer): FlatTable {
    return new FlatTable(buffer, buffer.readUInt32LE(0));
  }

  uint8(field: number): number {
    const at = this.place(field);
    return at === null ? 0 : this.buffer.readUInt8(at);
  }

  int64(field: number): bigint {
    const at = this.place(field);
    return at === null ? 0n : this.buffer.readBigInt64LE(at);
  }

  /** The text, no more than so many bytes of it: many fields may point at one long text. */
  text(field: number, most: number): string {
    const at = this.target(field);
    const length = this.buffer.readUInt32LE(at);
    if (at + 4 + length > this.buffer.length) throw new RangeError('a text ends outside of the buffer');
    return this.buffer.toString('utf8', at + 4, at + 4 + Math.min(length, most));
  }

  table(field: number): FlatTable {
    return new FlatTable(this.buffer, this.target(field));
  }

  /** How many items a list has. */
  count(field: number): number {
    return this.buffer.readUInt32LE(this.target(field));
  }

  tables(field: number): FlatTable[] {
    const at = this.target(field);
    const length = this.count(field);
    if (at + 4 + 4 * length > this.buffer.length) throw new RangeError('a list ends outside of the buffer');
    return Array.from({ length }, (_, index) => {
      const item = at + 4 + 4 * index;
      return new FlatTable(this.buffer, item + this.buffer.readUInt32LE(item));
    });
  }

  private place(field: number): number | null {
    const fields = this.at - this.buffer.readInt32LE(this.at);
    const entry = 4 + 2 * field;
    if (entry >= this.buffer.readUInt16LE(fields)) return null;
    const offset = this.buffer.readUInt16LE(fields + entry);
    return offset === 0 ? null : this.at + offset;
  }

  private target(field: number): number {
    const at = this.place(field);
    if (at === null) throw new RangeError('a field is missing');
    return at + this.buffer.readUInt32LE(at);
  }
}
