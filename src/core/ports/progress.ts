/** How a long piece of work says how far it is, and hears that it is cancelled. */
export interface JobProgress {
  /** @param fraction 0 to 1 */
  report(fraction: number): Promise<void>;
  readonly signal: AbortSignal;
}
