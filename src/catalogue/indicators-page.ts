/** The page of the indicators: what each says, by domain, and the facts that they measure. */
import type { Fact, Indicator } from '../core/definitions/definitions.js';
import type { Registry } from '../core/definitions/registry.js';

const HEAD = `# Indicators

Management indicators by domain, each by its newest version. Written by \`npm run generate\` from \`indicators/\`. Read them with \`indicatorTable\` in
GraphQL, \`GET /indicators.csv\`, \`.json\` or \`.parquet\`, or \`npx riskgraph indicators\`:

\`\`\`bash
npx riskgraph indicators npl_ratio,overdue_balance_rate_30 --by product --from 2026-01-01 --to 2026-06-30
\`\`\`

A name means the newest version in force; \`npl_ratio@1\` means that one, for ever. A report with the same versions and the same \`asOf\` has the same numbers
whenever it is asked for. A *stock* is read at the newest day of a period that has rows, a *flow* is aggregated over the period; a *cumulative* part counts all rows
up to the period’s end. A cell without a number says why: \`NO_DATA\`, \`ZERO_DENOMINATOR\`, \`INCOMPLETE\` where rows of a day
that it needs are missing, or \`IMMATURE\` where the outcome of some row of the period is still to come: then the whole period waits, in every group.

**Vintage** (\`vintage\` in GraphQL, \`GET /vintage.csv\`, \`.json\`, \`.parquet\`) reads cohorts of loans by months on book: 0 is the month of the disbursement, 1 the first
whole month. The denominator is all that was disbursed, for ever; a loan that closed counts on as it closed, a written-off one at the balance charged off. \`observed: EVER\`
freezes the balance of the first month end at which a loan is late. A cell is \`IMMATURE\` while the month end of some loan of its cohort is to come, and \`INCOMPLETE\` where
a month end has no snapshots.

**Roll rates** (\`rollRates\`, \`GET /roll-rates.csv\` …) read where the loans of a bucket at the end of a month are at the end of the next, same loans only: PAID is the
principal paid, the rest is in its bucket, WRITTEN_OFF or SOLD, so that the parts add up to the opening. Months without both month ends are left out. Both group and
filter by the dimensions of \`loans\`.

**Funnels** (\`funnel\`, \`GET /funnel.csv\` …) read how far the people get who take the first step in a period: each step no earlier than the one before it, and
within \`windowDays\` times 24 hours of the first. A person counts once at each step reached, so a funnel never widens. \`conversion\` is of the step before,
\`share\` of the first, \`dropped\` are those of the step before who get no further. Steps after the first are \`IMMATURE\` until the window of the period’s last
first step is over. Groups and filters are the dimensions of the first step: a person who takes it in two channels counts in both.

\`\`\`bash
curl -s 'http://127.0.0.1:4000/vintage.csv?dpd=30&observed=EVER&by=channel&maxMob=12' -H "Authorization: Bearer $KEY"
curl -s 'http://127.0.0.1:4000/roll-rates.csv?from=2026-01-01&to=2026-06-30' -H "Authorization: Bearer $KEY"
curl -s 'http://127.0.0.1:4000/funnel.csv?name=application_funnel&by=channel&from=2026-01-01&to=2026-06-30' -H "Authorization: Bearer $KEY"
npx riskgraph vintage --dpd 30 --observed EVER --by channel --max-mob 12
npx riskgraph roll-rates --from 2026-01-01 --to 2026-06-30 --filter product:EQ:CASH_LINE
npx riskgraph funnel application_funnel --from 2026-01-01 --to 2026-06-30
\`\`\`

Several indicators stand in one table by the dimensions that all of them have. An indicator over two facts has those that both have.

`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const cell = (text: string): string => text.replaceAll('|', '\\|');

const BETTER = { HIGHER_IS_BETTER: 'higher is better', LOWER_IS_BETTER: 'lower is better' } as const;

function rowOf(indicator: Indicator): readonly string[] {
  const { name, version, description, term, unit, stock, formula, direction, pitfalls, owner } = indicator;
  const facts = [unit, stock ? 'stock' : 'flow', ...(direction ? [BETTER[direction]] : []), owner].join(', ');
  const words = [description, ...(pitfalls ? [`*Beware:* ${pitfalls}`] : [])].join(' ');
  return [`\`${name}@${version}\``, term ?? '', words, formula ? `\`${formula}\`` : '', facts].map(cell);
}

const codes = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

const factSection = (fact: Fact): string => `### ${fact.id}

${fact.description} One row: ${fact.grain}. Reads ${codes(fact.sources)}; finest grain ${fact.finestGrain}; owner ${fact.owner}.

${table(
  ['Dimension', 'Meaning'],
  Object.entries(fact.dimensions).map(([name, { description }]) => [`\`${name}\``, description].map(cell)),
)}

${table(
  ['Measure', 'Meaning', 'Unit'],
  Object.entries(fact.measures).map(([name, { description, unit, matures }]) =>
    [`\`${name}\``, `${description}${matures ? ' (matures)' : ''}`, unit].map(cell),
  ),
)}
`;

const byId = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1);

/** The page in Markdown. */
export function indicatorsPage({ facts, indicators }: Pick<Registry, 'facts' | 'indicators'>): string {
  const newest = new Map<string, Indicator>();
  for (const indicator of [...indicators.values()].sort((a, b) => a.version - b.version)) {
    newest.set(indicator.name, indicator);
  }
  const domains = [...new Set([...newest.values()].map(({ domain }) => domain))].sort();
  const sections = domains.map((domain) => {
    const own = [...newest.values()].filter((one) => one.domain === domain).sort(byId);
    return `## ${domain}\n\n${table(['Indicator', 'Term', 'Meaning', 'Formula', 'Kind'], own.map(rowOf))}\n`;
  });
  const rows = [...facts.values()].sort(byId).map(factSection);
  return `${HEAD}${sections.join('\n')}\n## Facts\n\nThe rows that indicators measure, with their dimensions and measures.\n\n${rows.join('\n')}`;
}
