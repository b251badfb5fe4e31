/** What the demo shows of the book: how cohorts of loans age, where loans move from month to month, and how far people get. */
import { addDays, addMonths } from '../core/helpers/time.js';
import type { Client } from './client.js';
import { table } from './output.js';

export interface TableAnswer {
  readonly columns: readonly { readonly name: string }[];
  readonly rows: readonly (readonly unknown[])[];
}

const MONTHS_SHOWN = 6;
/** In which a step counts, by default. */
const FUNNEL_DAYS = 30;

/** The first day of the first month that is shown. */
export const firstShown = (lastDay: string): string => `${addMonths(lastDay, 1 - MONTHS_SHOWN).slice(0, 7)}-01`;

/** A number as people read it; a dash where there is none. */
export function shown(value: unknown, isRate: boolean): string {
  if (value === null || value === undefined) return '–';
  return isRate ? `${(Number(value) * 100).toFixed(1)} %` : String(value);
}

interface Pivot {
  /** Columns whose values name the rows, and the one whose values are the heads. */
  readonly down: readonly string[];
  readonly across: string;
  readonly value: string;
  readonly isRate: boolean;
}

/** The values of one column, by two or more others. */
export function pivot({ columns, rows }: TableAnswer, { down, across, value, isRate }: Pivot): string {
  const at = (name: string): number => columns.findIndex((column) => column.name === name);
  const text = (row: readonly unknown[], name: string): string => String(row[at(name)] ?? '–').replace(/-01$/, '');
  const heads = [...new Set(rows.map((row) => text(row, across)))];
  const lines = new Map<string, { readonly names: readonly string[]; readonly cells: Map<string, string> }>();
  for (const row of rows) {
    const names = down.map((name) => text(row, name));
    const key = JSON.stringify(names);
    const line = lines.get(key) ?? { names, cells: new Map<string, string>() };
    lines.set(key, line);
    line.cells.set(text(row, across), shown(row[at(value)], isRate));
  }
  const named = [...lines.values()].map(({ names, cells }) => [
    ...names,
    ...heads.map((head) => cells.get(head) ?? '–'),
  ]);
  return table([...down, ...heads], named);
}

/** The last month that is over, by its first day. */
const lastWholeMonth = (lastDay: string): string =>
  addDays(lastDay, 1).endsWith('-01') ? `${lastDay.slice(0, 7)}-01` : `${addMonths(lastDay, -1).slice(0, 7)}-01`;

interface Answer {
  readonly vintage: TableAnswer;
  readonly rollRates: TableAnswer;
  readonly funnel: TableAnswer;
}

/** A query of a portfolio manager, with its answer. */
export async function showReports(
  { client, say }: { readonly client: Client; readonly say: (text: string) => void },
  lastDay: string,
): Promise<void> {
  const from = firstShown(lastDay);
  const month = lastWholeMonth(lastDay);
  // Of people who came later the days in which a step counts are not over.
  const lastFunnelDay = addDays(lastDay, -FUNNEL_DAYS);
  const query = `query {
  vintage(dpd: 30, fromCohort: "${from}", maxMob: ${MONTHS_SHOWN - 1}) { columns { name } rows }
  rollRates(from: "${month}", to: "${month}") { columns { name } rows }
  funnel(name: "application_funnel", grain: TOTAL, by: ["channel"], from: "${from}", to: "${lastFunnelDay}") {
    columns { name } rows
  }
}`;
  say(`\n▸ A portfolio manager reads how cohorts age, where loans move, and how far applicants get\n${query}\n`);
  const { vintage, rollRates, funnel } = await client.graphql<Answer>(query);
  const tables = [
    [
      'vintage: share of the disbursed amount that is 30 days past due, by month of disbursement and months on book',
      pivot(vintage, { down: ['cohort'], across: 'mob', value: 'rate', isRate: true }),
    ],
    [
      `roll rates of ${month.slice(0, 7)}: where the balance of each bucket is at the end of the month`,
      pivot(rollRates, { down: ['from_bucket'], across: 'to_bucket', value: 'rate', isRate: true }),
    ],
    [
      'application_funnel: people who reach each step',
      pivot(funnel, { down: ['channel'], across: 'step', value: 'people', isRate: false }),
    ],
  ] as const;
  for (const [title, text] of tables) say(`${`${title}\n${text}`.replace(/^/gm, '  ')}\n`);
  say('  A dash in a cohort is a month that is not over; in roll rates it is no loan.');
}
