import { type Bundle, type Section, tableOf } from './bundle.js';
import { lastVersions } from './fields.js';
import { Ratio } from './ratio.js';
import type { MeasureValues } from './targets.js';

type Values = Pick<MeasureValues, 'ringApplications' | 'ringLoans' | 'ringSizes' | 'ringLargest'>;

/** How many there are of the rings that the generator tells the truth about. */
export class Rings implements Section<Values> {
  private readonly applications = new Ratio();
  private readonly loans = new Ratio();
  private readonly members = new Map<number, number>();

  add(bundle: Bundle): void {
    const member = bundle.ring !== null;
    const applications = tableOf(bundle, 'applications');
    if (applications.length > 0) {
      const count = lastVersions(applications, ['application_id']).length;
      this.applications.add(member, count);
    }
    if (bundle.loans.length > 0) this.loans.add(member, bundle.loans.length);
    if (bundle.ring !== null && tableOf(bundle, 'customers').length > 0)
      this.members.set(bundle.ring, (this.members.get(bundle.ring) ?? 0) + 1);
  }

  values(): Values {
    const sizes = [...this.members.values()].sort((one, other) => one - other);
    const largest = sizes.pop() ?? null;
    const usual = new Ratio();
    for (const size of sizes) usual.add(size >= 4 && size <= 15);
    return {
      ringApplications: this.applications.value,
      ringLoans: this.loans.value,
      ringSizes: usual.value,
      ringLargest: largest,
    };
  }
}
