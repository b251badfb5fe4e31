/** The rules of what a value means, one line each, and the table of their cases that the README shows. */

/** By number. */
export const RULES: ReadonlyMap<number, string> = new Map([
  [1, 'Rows carry when they happened and when they were known; values carry as-of and available-at'],
  [2, 'A training row sees only what was available by then; a backfill stamps as the schedule would have'],
  [3, 'UTC milliseconds, a zone is required, business days follow the zone, days of 23 and 25 hours too'],
  [4, 'Nothing reads the clock: the same schedule gives the same numbers'],
  [5, 'Output rows are the input rows, in order, with their columns and duplicates'],
  [6, 'The newest row wins, ties never fan out, keys are typed and never concatenated'],
  [7, 'ttl is inclusive and then NOT_FOUND; past maxAge STALE; the same on both paths'],
  [8, 'NULL wins when newest, unless the last known is asked for; a tombstone ends validity'],
  [9, 'A NULL key matches nothing'],
  [10, 'Two versions of a view fit in one set'],
  [11, 'Labels are never features; joined by observation point, mature only once known'],
  [12, 'Aggregates over others leave the subject out and know a default only once it was known'],
  [13, 'One key an entity, one field a view version: one command reads them all'],
  [14, 'An older event never overwrites a newer one, whatever order writers arrive in'],
  [15, 'Expiry is per view, decided at read; deleting a version touches that version alone'],
  [16, 'Materializing twice equals once; online equals the newest offline value'],
  [17, 'Redis must refuse writes rather than evict, and the boot check says so'],
  [18, 'A window is (t - w, t] with its start rounded down to the declared tile'],
  [19, 'Windows are the same number online and offline, for every function'],
  [20, 'An event counts once, however often it is sent; late ones land in their own tile'],
  [21, 'An acknowledged event is never lost; what cannot be written is kept and visible'],
  [22, 'A version means one thing for ever; what is pinned cannot be retired'],
  [23, 'Readers pin exact versions; plan shows what changes and what it breaks'],
  [24, 'A bad row is refused with its line, column and reason, and stops no good row'],
  [25, 'Every error has a stable code and says what to do, and hides internals'],
  [26, 'A key whose source row was deleted ends; one that left a window ends where its view says so'],
  [27, 'A backfill fills as-ofs without history and never restamps one that has'],
  [
    35,
    'A gang knows links seen and defaults known by the day, never the own one; online it is what the identifiers touch',
  ],
]);

/** What the cases of a rule are about, where that is less than the rule. */
const NOTES: ReadonlyMap<number, string> = new Map(
  [18, 19, 20].map((rule) => [
    rule,
    'Windows here are columns of view SQL over `events`, at scheduled instants and exact to the millisecond; declared windows with tiles in Redis are not part of the platform.',
  ]),
);

/** Fewer say too little of a rule. */
export const CASES_A_RULE = 10;

export interface Tally {
  readonly cases: number;
  readonly passed: number;
}

/** Titles of conformance tests begin with it. */
export const titleOf = (rule: number, name: string): string => `rule ${rule}: ${name}`;

/** The rule a title names; null for other tests. */
export const ruleOf = (title: string): number | null => Number(/^rule (\d+): /.exec(title)?.[1] ?? 0) || null;

/** Markdown, one line a rule. */
export function conformanceTable(tallies: ReadonlyMap<number, Tally>): string {
  const lines = [...RULES].map(([rule, says]) => {
    const { cases, passed } = tallies.get(rule) ?? { cases: 0, passed: 0 };
    return `| ${rule} | ${says}${NOTES.has(rule) ? ' *' : ''} | ${cases} | ${passed} |`;
  });
  const notes = [...new Set(NOTES.values())].map((note) => `\n\\* ${note}`);
  return ['| Rule | What it says | Cases | Passed |', '|---:|---|---:|---:|', ...lines, ...notes].join('\n');
}

const MARKED = /(<!-- conformance -->\n)([\s\S]*?)(<!-- \/conformance -->)/;

/** The table that a text shows between its marks. */
export const shownTable = (text: string): string => MARKED.exec(text)?.[2]?.trimEnd() ?? '';

export const withTable = (text: string, table: string): string =>
  text.replace(MARKED, (_, open: string, _old: string, close: string) => `${open}${table}\n${close}`);
