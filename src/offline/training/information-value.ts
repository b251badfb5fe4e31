/** Quantile bins of a number. */
export const BINS = 10;

/** Added to every cell's count before shares are taken: without it one empty cell makes the value infinite. */
const SMOOTHING = 0.5;

/** Sum over the bins of (share of bads - share of goods) × ln of their quotient; 0 for a single bin. */
export function informationValue(bins: readonly { readonly bads: number; readonly goods: number }[]): number {
  const bads = bins.reduce((sum, bin) => sum + bin.bads + SMOOTHING, 0);
  const goods = bins.reduce((sum, bin) => sum + bin.goods + SMOOTHING, 0);
  return bins.reduce((sum, bin) => {
    const bad = (bin.bads + SMOOTHING) / bads;
    const good = (bin.goods + SMOOTHING) / goods;
    return sum + (bad - good) * Math.log(bad / good);
  }, 0);
}
