import { withinTime } from '../core/async.js';
import { badInput } from '../core/errors.js';

/** What the API does for its callers, each with the stores that it cannot be done without. */
export const DUTIES = {
  decisions: ['redis'],
  history: ['clickhouse', 'postgres'],
  reports: ['clickhouse'],
  ingest: ['clickhouse', 'postgres'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Duty = keyof typeof DUTIES;
type Store = (typeof DUTIES)[Duty][number];

/** The health check of each store; it fails where the store does not answer. */
export type StoreChecks = Readonly<Record<Store, () => Promise<void>>>;

interface StoreHealth {
  readonly ok: boolean;
  readonly ms: number;
}

interface DutyHealth {
  readonly ok: boolean;
  readonly needs: readonly Store[];
  /** Says why it cannot be done; null where it can. */
  readonly reason: string | null;
}

/** The stores that were asked, and the duties that they let us judge. */
export interface Readiness {
  readonly stores: Readonly<Partial<Record<Store, StoreHealth>>>;
  readonly duties: Readonly<Partial<Record<Duty, DutyHealth>>>;
}

/** An orchestrator's probe gives up after a second by default: one store that hangs must not take the answer about the others with it. */
const PROBE_MS = 800;
/** A probe of one duty has its own patience, which the operator sets: a store that takes longer counts as down whatever it is. */
const DUTY_PROBE_MS = 3_000;

const ALL = Object.keys(DUTIES) as Duty[];

/** Asks a store that may hang, and says how long the answer took. */
export async function within(question: () => Promise<void>, ms: number): Promise<StoreHealth> {
  const startedAt = performance.now();
  const ok = await withinTime(question(), ms, () => new Error('no answer')).then(
    () => true,
    () => false,
  );
  return { ok, ms: Math.round((performance.now() - startedAt) * 10) / 10 };
}

function dutyHealth(duty: Duty, stores: Readiness['stores']): DutyHealth {
  const needs: readonly Store[] = DUTIES[duty];
  const down = needs.filter((store) => !stores[store]?.ok);
  const reason = down.length === 0 ? null : `no answer from ${down.join(' and ')}`;
  return { ok: reason === null, needs, reason };
}

/**
 * Asks the stores of one duty, or all stores at once, and judges what they allow. `loss` says what Redis has lost, without which decisions cannot
 * be made though it answers.
 */
export async function readiness(
  checks: StoreChecks,
  loss: () => Promise<string | null>,
  duty?: Duty,
): Promise<Readiness> {
  const duties = duty ? [duty] : ALL;
  const asked = [...new Set<Store>(duties.flatMap((each) => DUTIES[each]))].sort();
  const patience = duty ? DUTY_PROBE_MS : PROBE_MS;
  const stores = Object.fromEntries(
    await Promise.all(asked.map(async (store) => [store, await within(checks[store], patience)] as const)),
  );
  const judged = duties.map((each) => [each, dutyHealth(each, stores)] as const);
  const lost = stores.redis?.ok
    ? await withinTime(loss(), patience, () => new Error('no answer')).catch(() => null)
    : null;
  return {
    stores,
    duties: Object.fromEntries(
      judged.map(([each, health]) => [
        each,
        each === 'decisions' && health.ok && lost !== null ? { ...health, ok: false, reason: lost } : health,
      ]),
    ),
  };
}

/**
 * The duty that a probe asks about; undefined where it names none.
 * @throws BAD_USER_INPUT for another word
 */
export function dutyOf(text: unknown): Duty | undefined {
  if (text === undefined) return undefined;
  const duty = ALL.find((name) => name === text);
  if (duty) return duty;
  throw badInput(`there is no duty '${String(text).slice(0, 100)}'`, `ask ?duty= with one of ${ALL.join(', ')}`);
}
