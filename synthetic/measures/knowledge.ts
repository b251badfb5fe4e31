import { DAY, MINUTE } from '../../src/core/helpers/time.js';
import { type Bundle, type Section, tableOf } from './bundle.js';
import { instantOf, lastVersions } from './fields.js';
import { Ratio } from './ratio.js';
import type { MeasureValues } from './targets.js';

type Values = Pick<MeasureValues, 'lateRepayments' | 'reversals' | 'restated' | 'fastDecisions' | 'labelLag'>;

/** Tables whose rows are facts that are only ever corrected, with their keys; versions of the others may be news. */
const FACTS = {
  repayments: ['repayment_id'],
  statements: ['customer_id', 'product', 'month'],
  external_reports: ['report_id'],
  customers: ['customer_id'],
} as const;

/** When things became known: what bitemporality is there for. */
export class Knowledge implements Section<Values> {
  private readonly late = new Ratio();
  private readonly reversals = new Ratio();
  private readonly restated = new Ratio();
  private readonly fast = new Ratio();
  private readonly labels = new Ratio();

  add(bundle: Bundle): void {
    for (const repayment of tableOf(bundle, 'repayments')) {
      const known = instantOf(repayment, 'ingested_at');
      const lag = known === null ? 0 : known - (instantOf(repayment, 'paid_at') as number);
      this.late.add(lag >= DAY && lag <= 5 * DAY);
      this.reversals.add(repayment.method === 'REVERSAL');
    }
    for (const [table, key] of Object.entries(FACTS)) {
      const rows = tableOf(bundle, table);
      if (rows.length === 0) continue;
      const keys = lastVersions(rows, key).length;
      this.restated.addPart(rows.length - keys, keys);
    }
    for (const application of lastVersions(tableOf(bundle, 'applications'), ['application_id'])) {
      const decided = instantOf(application, 'decided_at');
      if (decided !== null) this.fast.add(decided - (instantOf(application, 'applied_at') as number) < 2 * MINUTE);
    }
    for (const label of tableOf(bundle, 'labels')) {
      const lag = (instantOf(label, 'known_at') as number) - (instantOf(label, 'window_to') as number);
      this.labels.add(lag >= DAY && lag <= 3 * DAY);
    }
  }

  values(): Values {
    return {
      lateRepayments: this.late.value,
      reversals: this.reversals.value,
      restated: this.restated.value,
      fastDecisions: this.fast.value,
      labelLag: this.labels.value,
    };
  }
}
