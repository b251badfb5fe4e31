/** Small books of made-up lenders, each a product of its own: the same for the same seed. */
import { addDays, type Line, type Story, sum } from './story.js';

/** Numbers from 0 up to 1, by a linear congruence. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

const addMonths = (date: string, months: number): string => {
  const first = new Date(`${date.slice(0, 7)}-01`);
  first.setUTCMonth(first.getUTCMonth() + months);
  const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  return `${first.toISOString().slice(0, 8)}${String(Math.min(last, Number(date.slice(8)))).padStart(2, '0')}`;
};

const linesOf = (first: string, parts: number, principal: number): Line[] =>
  Array.from({ length: parts }, (_, index) => ({
    no: index + 1,
    due: addMonths(first, index),
    principal: Math.floor(principal / parts) + (index === 0 ? principal % parts : 0),
    interest: Math.round(principal / parts / 20),
  }));

type Payments = Story['payments'][number][];
type Events = Story['events'][number][];

/** Loans of `lenders` lenders in the first months of 2028; nothing happens after `through`. */
export function generatedBooks(lenders: number, through: string): Story[] {
  const next = numbers(20_280_229);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)] as T;
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return Array.from({ length: lenders }, (_, lender) =>
    Array.from({ length: between(1, 4) }, (_, index): Story => {
      const product = `LENDER_${String(lender).padStart(3, '0')}`;
      const loan = `${product}-${index}`;
      const disbursed = addDays('2028-01-01', between(0, 70));
      const principal = pick([30_001, 100_000, 299_999, 700_000]);
      const months = between(1, 4);
      const disbursedAt = `${disbursed}T${pick(['00', '12', '22', '23'])}:30:00.000Z`;
      const schedules = [{ at: disbursedAt, lines: linesOf(addMonths(disbursed, 1), months, principal) }];
      const payments: Payments = [];
      const events: Events = [];
      const at = (date: string): string => `${date}T${pick(['01', '11', '21', '22', '23'])}:59:59.999Z`;
      const pay = (
        date: string,
        line: Line,
        part: 'ALL' | 'HALF' | 'REST',
        method: Payments[number]['method'] = 'SELF',
      ): void => {
        const share = (amount: number): number =>
          part === 'ALL' ? amount : part === 'HALF' ? Math.floor(amount / 2) : amount - Math.floor(amount / 2);
        const no = next() < 0.6 ? line.no : null;
        payments.push({ at: at(date), no, principal: share(line.principal), interest: share(line.interest), method });
      };
      let paid = true;
      for (const line of schedules[0]?.lines ?? []) {
        const kind = next();
        const late = addDays(line.due, between(1, 35));
        if (!paid) continue;
        if (kind < 0.45) pay(addDays(line.due, -between(0, 3)), line, 'ALL', 'AUTO_DEBIT');
        else if (kind < 0.7) pay(late, line, 'ALL', 'COLLECTION');
        else if (kind < 0.8) {
          pay(line.due, line, 'HALF');
          pay(late, line, 'REST');
          paid = false;
        } else if (kind < 0.85) {
          payments.push({
            at: at(line.due),
            no: line.no,
            principal: line.principal,
            interest: line.interest,
            method: 'SELF',
          });
          const back = addDays(line.due, 2);
          payments.push({
            at: at(back),
            no: line.no,
            principal: -line.principal,
            interest: -line.interest,
            method: 'REVERSAL',
          });
          paid = false;
        } else if (kind < 0.9)
          payments.push({ at: at(line.due), no: line.no, principal: line.principal, interest: 0, method: 'WAIVER' });
        else paid = false;
      }
      const happened = payments.filter((payment) => payment.at.slice(0, 10) < through);
      const open = principal - sum(happened, (payment) => payment.principal);
      const last =
        happened
          .map((payment) => payment.at)
          .sort()
          .at(-1) ?? disbursedAt;
      const closing = `${addDays(last.slice(0, 10), between(2, 60))}T12:00:00.000Z`;
      const kind = next();
      if (open === 0)
        events.push({ type: 'SETTLED', at: `${addDays(last.slice(0, 10), 1)}T12:00:00.000Z`, amount: null });
      else if (closing.slice(0, 10) < through && kind < 0.25) {
        events.push({ type: 'WRITTEN_OFF', at: closing, amount: open });
        const back = `${addDays(closing.slice(0, 10), between(1, 20))}T12:00:00.000Z`;
        happened.push({ at: back, no: null, principal: Math.floor(open / 3), interest: 0, method: 'COLLECTION' });
      } else if (closing.slice(0, 10) < through && kind < 0.4) {
        events.push({ type: 'SOLD', at: closing, amount: Math.floor(open / 4) });
      } else if (closing.slice(0, 10) < through && kind < 0.6) {
        events.push({ type: 'RESTRUCTURED', at: closing, amount: null });
        schedules.push({ at: closing, lines: linesOf(addMonths(closing.slice(0, 10), 1), 2, open) });
      }
      return {
        loan,
        customer: `${product}-C${between(0, 1)}`,
        product,
        channel: pick(['APP', 'WEB']),
        province: pick(['Hessen', 'Bayern', null]),
        principal,
        rate: pick([0.1, 0.2, 0.3]),
        months,
        disbursedAt,
        schedules,
        payments: happened,
        events,
      };
    }),
  ).flat();
}
