/**
 * Walks through the compact protocol of Thrift, in which a Parquet file writes its index and the headers of its pages, and makes nothing of it.
 * A few bytes may claim a list of any length, and the library makes room for it before it looks for its elements.
 */

/** Types of the compact protocol; the others are not used by Parquet. */
const [STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, STRUCT] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12];

/** Structs and lists in each other; Parquet's own go down to ten. */
const MOST_LEVELS = 32;
/** Fields of one struct; Parquet's own have up to twenty. The library is slow where there are very many. */
const MOST_FIELDS = 100;
/** Bytes of the longest number. */
const MOST_NUMBER = 10;
/** A length has 32 bits, and no sign. */
const MOST_LENGTH = 2 ** 31 - 1;

export class TooManyValues extends Error {}

export class ThriftWalk {
  private values = 0;

  /**
   * @param at where the next struct begins
   * @param most fields and elements of lists, of all structs together
   */
  constructor(
    private readonly bytes: Uint8Array,
    private at: number,
    private readonly most: number,
  ) {}

  /**
   * Passes one struct.
   * @returns where the bytes after it begin
   * @throws TooManyValues; RangeError where the bytes are damaged
   */
  struct(): number {
    this.fields(1);
    return this.at;
  }

  private fields(level: number): void {
    if (level > MOST_LEVELS) throw new RangeError('structs lie too deep in each other');
    let fields = 0;
    for (let head = this.byte(); (head & 0x0f) !== STOP; head = this.byte()) {
      this.count();
      if (++fields > MOST_FIELDS) throw new RangeError('a struct has too many fields');
      if (head >> 4 === 0) this.number();
      const type = head & 0x0f;
      // A field's type is its value here; an element has a byte.
      if (type !== TRUE && type !== FALSE) this.value(type, level);
    }
  }

  private value(type: number, level: number): void {
    if (type === TRUE || type === FALSE || type === BYTE) this.pass(1);
    else if (type === I16 || type === I32 || type === I64) this.number();
    else if (type === DOUBLE) this.pass(8);
    else if (type === BINARY) this.pass(this.number());
    else if (type === LIST) this.list(level + 1);
    else if (type === STRUCT) this.fields(level + 1);
    else throw new RangeError(`there is no type ${type}`);
  }

  private list(level: number): void {
    if (level > MOST_LEVELS) throw new RangeError('lists lie too deep in each other');
    const head = this.byte();
    const length = head >> 4 === 15 ? this.number() : head >> 4;
    // The shortest element has one byte.
    if (length > this.bytes.length - this.at) throw new RangeError('a list is longer than the bytes that are left');
    for (let index = 0; index < length; index++) {
      this.count();
      this.value(head & 0x0f, level);
    }
  }

  private count(): void {
    if (++this.values > this.most) throw new TooManyValues();
  }

  private byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new RangeError('the bytes end within a struct');
    return byte;
  }

  private pass(length: number): void {
    if (length > Math.min(MOST_LENGTH, this.bytes.length - this.at)) {
      throw new RangeError('a value is longer than the bytes that are left');
    }
    this.at += length;
  }

  /** Seven bits a byte, the low ones first. */
  private number(): number {
    let number = 0;
    for (let index = 0; index < MOST_NUMBER; index++) {
      const byte = this.byte();
      number += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return number;
    }
    throw new RangeError('a number has too many bytes');
  }
}
