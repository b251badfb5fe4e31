import { join } from 'node:path';
import type { Command } from 'commander';
import type { PortfolioOptions } from '../../synthetic/book.js';
import type { MeasureResult } from '../../synthetic/measures/targets.js';
import { badInput } from '../core/errors.js';
import { addDays, BusinessCalendar, parseLocalDate } from '../core/helpers/time.js';
import { type CommandContext, clientCommand, jsonOption } from './context.js';
import { type OutputOptions, print, progressBar, table } from './output.js';
import { TableFiles } from './portfolio-files.js';
import type { LoadSummary } from './portfolio-loader.js';

/** The generator, which the other commands do without. */
const generator = async () => ({
  ...(await import('../../synthetic/book.js')),
  ...(await import('../../synthetic/portfolio.js')),
});

/** The default seed, so that two people who look at the demo see the same customers. */
export const SEED = 20_240_229;

interface BookArguments extends OutputOptions {
  readonly customers: string;
  readonly seed: string;
  readonly endDate?: string;
}

const wholeNumber = (text: string, option: string): number => {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) throw badInput(`${option} '${text}' is not a whole number above 0`);
  return Number(text);
};

/** The book that was asked for; it ends yesterday unless a day is named. */
function bookOptions(context: CommandContext, { customers, seed, endDate }: BookArguments): PortfolioOptions {
  const calendar = new BusinessCalendar(context.timezone);
  return {
    customers: wholeNumber(customers, '--customers'),
    seed: wholeNumber(seed, '--seed'),
    endDate: endDate ? parseLocalDate(endDate, '--end-date') : addDays(calendar.dateOf(Date.now()), -1),
    calendar,
  };
}

const withBook = (command: Command): Command =>
  command
    .requiredOption('--customers <number>', 'registered customers')
    .option('--seed <number>', 'the same seed gives the same book', String(SEED))
    .option('--end-date <day>', 'last day of the book, YYYY-MM-DD (default: yesterday)');

export function addPortfolioCommands(program: Command, context: CommandContext): void {
  const portfolio = program.command('portfolio').description('make the synthetic lending book: measure, write, load');
  addMeasure(portfolio, context);
  addWrite(portfolio, context);
  addLoad(portfolio, context);
}

interface MeasureArguments extends BookArguments {
  readonly markdown: boolean;
}

function addMeasure(portfolio: Command, context: CommandContext): void {
  withBook(portfolio.command('measure'))
    .description('print each measure of a book beside its target; exit 1 when one is outside its range')
    .option('--markdown', 'print a Markdown table', false)
    .addOption(jsonOption())
    .action(async (options: MeasureArguments) => {
      const { Book } = await generator();
      const { measureBook } = await import('../../synthetic/measures/book-measures.js');
      const book = new Book(bookOptions(context, options));
      const { customers } = book.options;
      const bar = progressBar('measure', { json: options.json || options.markdown });
      const started = performance.now();
      const results = measureBook(book, (done) => bar.update(done / customers));
      bar.stop();
      const seconds = (performance.now() - started) / 1000;
      const outside = results.filter(({ pass }) => !pass).length;
      const { seed, endDate } = book.options;
      print({ customers, seed, endDate, seconds, outside, measures: results }, options, () =>
        options.markdown
          ? markdown(results)
          : `${text(results)}\n\n${customers} customers, seed ${seed}, to ${endDate}, in ${seconds.toFixed(0)} s: ${outside} of ${results.length} measures outside their range`,
      );
      if (outside > 0) process.exitCode = 1;
    });
}

const show = (value: number | null, unit: MeasureResult['unit']): string => {
  if (value === null) return 'nothing to measure';
  if (unit === 'percent') return `${Number((value * 100).toPrecision(3))} %`;
  return String(Number(value.toPrecision(3)));
};

const range = ({ low, high, unit }: MeasureResult): string =>
  unit === 'percent' ? `${show(low, unit).slice(0, -2)} to ${show(high, unit)}` : `${low} to ${high}`;

const cells = (result: MeasureResult): string[] => [
  result.group,
  result.title,
  result.target,
  range(result),
  show(result.value, result.unit),
];

const HEADER = ['', 'measure', 'target', 'range', 'measured'];

const text = (results: readonly MeasureResult[]): string =>
  table(
    [...HEADER, ''],
    results.map((result) => [...cells(result), result.pass ? '' : 'OUTSIDE']),
  );

const markdown = (results: readonly MeasureResult[]): string =>
  [
    ['Group', 'Measure', 'Target', 'Range', 'Measured', 'Source'],
    ['---', '---', '---', '---', '---', '---'],
    ...results.map((result) => [...cells(result), result.source]),
  ]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');

/** The members of each ring: no source table, but the truth by which a search for rings is judged. */
const TRUTH = 'truth_rings';

interface WriteArguments extends BookArguments {
  readonly out: string;
}

function addWrite(portfolio: Command, context: CommandContext): void {
  withBook(portfolio.command('write'))
    .description(
      'write a book as one NDJSON file a table, to be imported with --history, and the truth about its rings',
    )
    .requiredOption('--out <folder>', 'where the files go')
    .addOption(jsonOption())
    .action(async (options: WriteArguments) => {
      const { Book, BookTotals, customerId, customerRows, referenceRows } = await generator();
      const book = new Book(bookOptions(context, options));
      const { customers } = book.options;
      const totals = new BookTotals(book);
      const files = new TableFiles(options.out);
      const bar = progressBar('write', options);
      await files.add(referenceRows(book));
      for (let index = 0; index < customers; index++) {
        const rows = customerRows(book, index);
        totals.add(rows);
        await files.add(rows);
        const ring = book.ring(index);
        if (ring) await files.add({ [TRUTH]: [{ customer_id: customerId(index), ring: ring.index }] });
        if (index % 500 === 0) bar.update(index / customers);
      }
      await files.add(totals.rows());
      bar.stop();
      const written = await files.close();
      print(written, options, () =>
        table(
          ['table', 'rows', 'file'],
          written.map((file) => [file.table, file.rows, file.path]),
        ),
      );
    });
}

function addLoad(portfolio: Command, context: CommandContext): void {
  clientCommand<BookArguments>(portfolio, context, {
    name: 'load',
    description: 'import a book into the running server; run again after an interruption, it goes on where it was',
    configure: withBook,
    run: async (client, options) => {
      const { loadPortfolio } = await import('./portfolio-loader.js');
      const bar = progressBar('load', options);
      const stop = new AbortController();
      const onInterrupt = () => stop.abort(badInput('interrupted', 'run the same command again to go on'));
      process.once('SIGINT', onInterrupt);
      try {
        const summary = await loadPortfolio(
          client,
          {
            portfolio: bookOptions(context, options),
            record: { path: join(context.home, 'portfolio-load.json'), server: context.client.url },
            signal: stop.signal,
          },
          ({ fraction }) => bar.update(fraction),
        );
        bar.stop();
        print(summary, options, () => describeLoad(summary));
        if (summary.problems.length > 0) process.exitCode = 1;
      } finally {
        process.removeListener('SIGINT', onInterrupt);
        bar.stop();
      }
    },
  });
}

/** A line a table, and what was refused. */
export function describeLoad({ tables, customers, rows, seconds, problems }: LoadSummary): string {
  const lines = Object.entries(tables).map(([name, { accepted, duplicates, rejected }]) => [
    name,
    accepted,
    duplicates,
    rejected,
  ]);
  return [
    table(['table', 'accepted', 'duplicates', 'rejected'], lines),
    ...problems.map((problem) => `refused: ${problem}`),
    `${customers} customers, ${rows} rows in ${seconds.toFixed(1)} s`,
  ].join('\n');
}
