import type { Random } from './random.js';
import type { Row } from './rows.js';

const BRANDS: readonly string[] = ['HUAWEI', 'HONOR', 'Xiaomi', 'OPPO', 'vivo', 'Samsung', 'Apple'];
const TACS_A_BRAND = 8;
/** Reporting body of the Chinese test house (TAF); the six digits after it are the book's own, in rows of one brand. */
const REPORTING_BODY = '86';

const allocation = (brand: number, no: number): string =>
  `${REPORTING_BODY}${String(310_000 + brand * 71_003 + no * 1_117).padStart(6, '0')}`;

/** One of the type allocation codes of a brand. */
export const tacOf = (random: Random, brand: string): string =>
  allocation(BRANDS.indexOf(brand), random.int(0, TACS_A_BRAND - 1));

/** A brand sells phones of several prices, the first of its allocations the dearest. */
const bandOf = (brand: string, no: number): string => {
  if (brand === 'Apple' || no < TACS_A_BRAND / 4) return 'HIGH';
  return no < TACS_A_BRAND / 2 ? 'MIDDLE' : 'LOW';
};

/** Rows of `tac_brands`. */
export const tacBrandRows = (): readonly Row[] =>
  BRANDS.flatMap((brand, index) =>
    Array.from({ length: TACS_A_BRAND }, (_, no) => ({
      tac: allocation(index, no),
      brand,
      price_band: bandOf(brand, no),
    })),
  );
