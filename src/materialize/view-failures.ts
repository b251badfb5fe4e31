import { inputViews } from '../core/compute/view-kinds.js';
import type { View } from '../core/definitions/definitions.js';
import { type ErrorCode, RiskgraphError } from '../core/errors.js';

/** Failures that are the view's own: another view may well be computed. */
const OF_THE_VIEW: ReadonlySet<ErrorCode> = new Set(['BAD_USER_INPUT', 'CONFLICT', 'INTERNAL', 'NOT_FOUND']);

/** The views of a job that could not be computed. One that fails by itself keeps those back that read it, and no others. */
export class ViewFailures {
  private readonly failed = new Map<string, RiskgraphError>();
  private readonly kept: string[] = [];

  /** @throws the error where it is not the view's own, such as of a store that is away */
  add({ id }: View, error: unknown): void {
    if (!(error instanceof RiskgraphError) || !OF_THE_VIEW.has(error.code)) throw error;
    this.failed.set(id, error);
  }

  /** Whether the view reads one that failed; it is then counted among those that wait. */
  keeps(view: View): boolean {
    if (!inputViews(view).some(({ id }) => this.failed.has(id) || this.kept.includes(id))) return false;
    this.kept.push(view.id);
    return true;
  }

  /** Throws what failed, once all others are computed. */
  throw(computed: number): void {
    const [first] = this.failed.values();
    if (!first) return;
    if (this.failed.size === 1 && this.kept.length === 0 && computed === 0) throw first;
    const each = [...this.failed].map(([id, { message }]) => `${id}: ${message}`);
    const waiting =
      this.kept.length > 0 ? `; ${this.kept.join(', ')} wait${this.kept.length > 1 ? '' : 's'} for them` : '';
    throw new RiskgraphError({
      code: first.code,
      message: `${each.join('; ')}${waiting}; the other ${computed} of the job are computed`,
      ...(first.hint !== undefined && { hint: first.hint }),
      cause: first,
    });
  }
}
