/** Growing writer and checked reader of the row format. Integers are big-endian; varints are LEB128 of the zigzag value. */

const TWO_32 = 2 ** 32;
/** Below it a number's double (zigzag) is still exact. */
const SAFE_ZIGZAG = 2 ** 52;

export class ByteWriter {
  private buffer = Buffer.allocUnsafe(1024);
  private length = 0;

  reset(): void {
    this.length = 0;
  }

  /** A copy: the writer may be used again. */
  bytes(): Buffer {
    return Buffer.from(this.buffer.subarray(0, this.length));
  }

  /** Room for `size` bytes; returns where they begin. */
  private take(size: number): number {
    const at = this.length;
    this.length += size;
    if (this.length > this.buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length));
      this.buffer.copy(grown, 0, 0, at);
      this.buffer = grown;
    }
    return at;
  }

  /** Room for `size` zero bytes; returns where they begin, for `setBit`. */
  zeros(size: number): number {
    const at = this.take(size);
    this.buffer.fill(0, at, at + size);
    return at;
  }

  setBit(start: number, bit: number): void {
    const at = start + (bit >> 3);
    this.buffer[at] = (this.buffer[at] as number) | (1 << (bit & 7));
  }

  uint8(value: number): void {
    this.buffer[this.take(1)] = value;
  }

  uint32(value: number): void {
    const at = this.take(4);
    this.buffer.writeUInt32BE(value, at);
  }

  int32(value: number): void {
    const at = this.take(4);
    this.buffer.writeInt32BE(value, at);
  }

  /** Exact for whole numbers up to 2^53. */
  int53(value: number): void {
    const at = this.take(8);
    this.buffer.writeInt32BE(Math.floor(value / TWO_32), at);
    this.buffer.writeUInt32BE(((value % TWO_32) + TWO_32) % TWO_32, at + 4);
  }

  int64(value: bigint): void {
    const at = this.take(8);
    this.buffer.writeBigInt64BE(value, at);
  }

  float32(value: number): void {
    const at = this.take(4);
    this.buffer.writeFloatBE(value, at);
  }

  float64(value: number): void {
    const at = this.take(8);
    this.buffer.writeDoubleBE(value, at);
  }

  varint(value: number): void {
    if (Math.abs(value) >= SAFE_ZIGZAG) {
      this.bigVarint(BigInt(value));
      return;
    }
    this.uvarint(value < 0 ? -value * 2 - 1 : value * 2);
  }

  bigVarint(value: bigint): void {
    if (value > -BigInt(SAFE_ZIGZAG) && value < BigInt(SAFE_ZIGZAG)) {
      this.varint(Number(value));
      return;
    }
    let rest = value < 0n ? -value * 2n - 1n : value * 2n;
    for (; rest >= 128n; rest >>= 7n) this.uint8(Number(rest & 127n) | 128);
    this.uint8(Number(rest));
  }

  uvarint(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.uint8((rest % 128) | 128);
    this.uint8(rest);
  }

  text(value: string): void {
    const size = Buffer.byteLength(value);
    this.uvarint(size);
    const at = this.take(size);
    this.buffer.write(value, at, 'utf8');
  }
}

/** Reads past the end throw a RangeError. */
export class ByteReader {
  private at = 0;

  constructor(private readonly buffer: Buffer) {}

  get atEnd(): boolean {
    return this.at === this.buffer.length;
  }

  private take(size: number): number {
    const at = this.at;
    this.at += size;
    if (this.at > this.buffer.length) throw new RangeError('the row ends too early');
    return at;
  }

  /** Skips `size` bytes; returns where they begin, for `bit`. */
  skip(size: number): number {
    return this.take(size);
  }

  bit(start: number, bit: number): boolean {
    return ((this.buffer[start + (bit >> 3)] as number) & (1 << (bit & 7))) !== 0;
  }

  uint8(): number {
    return this.buffer[this.take(1)] as number;
  }

  uint32(): number {
    return this.buffer.readUInt32BE(this.take(4));
  }

  int32(): number {
    return this.buffer.readInt32BE(this.take(4));
  }

  int53(): number {
    const at = this.take(8);
    return this.buffer.readInt32BE(at) * TWO_32 + this.buffer.readUInt32BE(at + 4);
  }

  int64(): bigint {
    return this.buffer.readBigInt64BE(this.take(8));
  }

  float32(): number {
    return this.buffer.readFloatBE(this.take(4));
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.take(8));
  }

  varint(): number | bigint {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < 7; count++) {
      const byte = this.uint8();
      value += (byte & 127) * factor;
      if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      factor *= 128;
    }
    let big = BigInt(value);
    for (let shift = 49n; ; shift += 7n) {
      const byte = this.uint8();
      big |= BigInt(byte & 127) << shift;
      if (byte < 128) return (big & 1n) === 0n ? big >> 1n : -((big + 1n) >> 1n);
    }
  }

  uvarint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.uint8();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  text(): string {
    const size = this.uvarint();
    const at = this.take(size);
    return this.buffer.toString('utf8', at, at + size);
  }
}
