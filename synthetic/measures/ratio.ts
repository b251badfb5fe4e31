/** How much of something is something else: counts, or money in cents. */
export class Ratio {
  private part = 0;
  private whole = 0;

  add(isPart: boolean, weight = 1): void {
    this.addPart(isPart ? weight : 0, weight);
  }

  addPart(part: number, whole: number): void {
    this.part += part;
    this.whole += whole;
  }

  /** Null where there was nothing. */
  get value(): number | null {
    return this.whole === 0 ? null : this.part / this.whole;
  }

  /** Where there was nothing of the kind, and no other kind either, it is unknown; `of` is how much there was. */
  get of(): number {
    return this.whole;
  }
}

/** `value` over `base`; null where either is unknown or the base is zero. */
export const against = (value: number | null, base: number | null): number | null =>
  value === null || base === null || base === 0 ? null : value / base;
