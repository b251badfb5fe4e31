/** The roll table of a label: where those are, months later, that went past due within its windows. */
import { canRoll, ROLL_MONTHS, ROLL_STATES, rollDepths, rollsSql } from '../../core/compute/labels/rolls.js';
import type { Label } from '../../core/definitions/definitions.js';
import type { DataTable } from '../../core/ports/indicators.js';
import type { LabelEvidenceRequest } from '../../core/ports/labels.js';
import { type LabelEvidenceParts, rangeOf, rateOf } from './rows.js';
import { lastWholeDay } from './write.js';

const STATE_WORDS: Readonly<Record<(typeof ROLL_STATES)[number], string>> = {
  written_off: 'A loan is written off',
  dpd_90: '90 or more days past due',
  dpd_60: '60 to 89 days past due',
  dpd_30: '30 to 59 days past due',
  dpd_1: '1 to 29 days past due',
  sold: 'A loan is sold, and none is past due',
  current: 'On book, and nothing is past due',
  closed: 'No loan is on book any more',
};

const RATES = [
  { name: 'worse_rate', part: 'worse', description: '`dpd` or more days past due, or written off / followed' },
  { name: 'cured_rate', part: 'cured', description: '(current + closed) / followed' },
  { name: 'written_off_rate', part: 'written_off', description: 'written_off / followed' },
] as const;

const counted = (name: string, description: string) => ({ name, type: 'INT64', description });

const COLUMNS = [
  counted('dpd', 'Days past due that are reached within the window'),
  counted('months', 'Months after the day on which they are reached'),
  counted('reached', 'Days on which a customer, or loan, reaches them'),
  counted('followed', 'Those of them that lie so many months back'),
  ...ROLL_STATES.map((state) => counted(state, STATE_WORDS[state])),
  ...RATES.map(({ name, description }) => ({ name, type: 'DECIMAL', unit: 'fraction', description })),
];

/** See LabelEvidence.rollRates. */
export async function rollRates(
  parts: LabelEvidenceParts,
  label: Label,
  request: LabelEvidenceRequest,
): Promise<DataTable> {
  const lines = canRoll(label) ? await rolled(parts, label, request) : [];
  return {
    columns: COLUMNS.map((column) => ({ ...column, masked: false })),
    rows: lines.map(({ values }) => values),
    nulls: lines.flatMap(({ reached, followed }, row) =>
      followed > 0
        ? []
        : RATES.map(
            ({ name }) => ({ row, column: name, reason: reached > 0 ? 'IMMATURE' : 'ZERO_DENOMINATOR' }) as const,
          ),
    ),
    dataThrough: null,
    asOf: request.asOf,
  };
}

interface Line {
  readonly values: readonly (string | null)[];
  readonly reached: number;
  readonly followed: number;
}

async function rolled(
  parts: LabelEvidenceParts,
  label: Label,
  request: LabelEvidenceRequest,
): Promise<readonly Line[]> {
  const through = lastWholeDay(label.tables.get('loan_snapshots'), 'as_of', request.asOf);
  const found = (await parts.query.select({
    label: 'label-rolls',
    ...rollsSql(label, rangeOf(request, parts), through).render(),
    signal: request.signal,
  })) as readonly Readonly<Record<string, unknown>>[];
  return rollDepths(label).flatMap((dpd) =>
    ROLL_MONTHS.map((months): Line => {
      const row = found.find((one) => Number(one.dpd) === dpd && Number(one.months) === months);
      const count = (name: string): number => Number(row?.[name] ?? 0);
      const [reached, followed] = [count('reached'), count('reached') - count('immature')];
      const parts = {
        worse: count('worse'),
        cured: count('current') + count('closed'),
        written_off: count('written_off'),
      };
      const values = [
        ...[dpd, months, reached, followed, ...ROLL_STATES.map(count)].map(String),
        ...RATES.map(({ part }) => rateOf(String(parts[part]), String(followed))),
      ];
      return { values, reached, followed };
    }),
  );
}
