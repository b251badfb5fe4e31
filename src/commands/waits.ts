/** The words for what views wait for. */
export interface MissingDay {
  readonly table: string;
  readonly day: string;
}

export interface Waits {
  readonly waitsFor: readonly MissingDay[];
  readonly waitsUntil: string | null;
  readonly incomplete: readonly MissingDay[];
}

/** Fields of a view's freshness. */
export const WAITS = 'waitsFor { table day } waitsUntil incomplete { table day }';

export const daysText = (days: readonly MissingDay[]): string =>
  days.map(({ table, day }) => `${day} of ${table}`).join(', ');

/** Empty where the view waits for nothing, and lacks nothing. */
export const waitWords = ({ waitsFor, waitsUntil, incomplete }: Waits): readonly string[] => [
  ...(incomplete.length > 0 ? [`computed before ${daysText(incomplete)} was whole`] : []),
  ...(waitsFor.length > 0 ? [`waits for ${daysText(waitsFor)} until ${waitsUntil}`] : []),
];
