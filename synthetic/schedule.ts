/** One instalment of a plan; money in cents. */
export interface PlannedInstallment {
  readonly principal: number;
  readonly interest: number;
}

/**
 * Equal instalments: each month the same payment, interest on what is left, and the last takes what rounding left over, so that the
 * principals sum to `principal` to the cent.
 */
export function equalInstallments(principal: number, annualRate: number, months: number): PlannedInstallment[] {
  const rate = annualRate / 12;
  const payment = Math.round((principal * rate) / (1 - (1 + rate) ** -months));
  const plan: PlannedInstallment[] = [];
  let left = principal;
  for (let month = 1; month <= months; month++) {
    const interest = Math.round(left * rate);
    const part = month === months ? left : Math.min(left, payment - interest);
    plan.push({ principal: part, interest });
    left -= part;
  }
  return plan;
}
