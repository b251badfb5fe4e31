/** Slots at first; doubled when two thirds are taken. */
const FIRST_SLOTS = 1 << 12;

/**
 * Numbers identifiers in the order in which they come, and counts for each: open addressing over typed arrays, about 20 bytes an identifier,
 * so that the devices of a million customers fit in tens of megabytes. Identifiers are told apart by 64 bits of a hash: among ten million,
 * one pair in about four hundred thousand books meets.
 */
export class IdentifierCounts {
  private high = new Uint32Array(FIRST_SLOTS);
  private low = new Uint32Array(FIRST_SLOTS);
  /** Number + 1 of the identifier in a slot; 0: free. */
  private numbers = new Uint32Array(FIRST_SLOTS);
  private counts = new Uint16Array(FIRST_SLOTS);
  private marks = new Uint8Array(FIRST_SLOTS);
  private used = 0;

  get size(): number {
    return this.used;
  }

  /** The identifier's number, a new one when it was not seen before. */
  number(identifier: string): number {
    const [high, low] = hash(identifier);
    let slot = this.slotOf(high, low);
    if (this.numbers[slot] === 0) {
      if (this.used * 3 >= this.numbers.length * 2) {
        this.grow();
        slot = this.slotOf(high, low);
      }
      this.high[slot] = high;
      this.low[slot] = low;
      this.numbers[slot] = ++this.used;
    }
    return (this.numbers[slot] as number) - 1;
  }

  /** One customer more uses it; it is seen for the first time when the count becomes 1. */
  count(number: number): number {
    const next = Math.min((this.counts[number] as number) + 1, 65_535);
    this.counts[number] = next;
    return next;
  }

  countOf(number: number): number {
    return this.counts[number] as number;
  }

  mark(number: number): void {
    this.marks[number] = 1;
  }

  isMarked(number: number): boolean {
    return this.marks[number] === 1;
  }

  private slotOf(high: number, low: number): number {
    const mask = this.numbers.length - 1;
    let slot = low & mask;
    while (this.numbers[slot] !== 0 && !(this.high[slot] === high && this.low[slot] === low)) slot = (slot + 1) & mask;
    return slot;
  }

  private grow(): void {
    const { high, low, numbers } = this;
    const slots = numbers.length * 2;
    this.high = new Uint32Array(slots);
    this.low = new Uint32Array(slots);
    this.numbers = new Uint32Array(slots);
    for (let slot = 0; slot < numbers.length; slot++) {
      if (numbers[slot] === 0) continue;
      const target = this.slotOf(high[slot] as number, low[slot] as number);
      this.high[target] = high[slot] as number;
      this.low[target] = low[slot] as number;
      this.numbers[target] = numbers[slot] as number;
    }
    this.counts = widened(this.counts, new Uint16Array(slots));
    this.marks = widened(this.marks, new Uint8Array(slots));
  }
}

function widened<T extends Uint16Array | Uint8Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

/** Two 32-bit lanes, mixed at the end. */
function hash(text: string): readonly [number, number] {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return [a >>> 0, b >>> 0];
}
