/** The page of the source tables: what a column holds, and who reads the table. */

import type { Registry } from '../core/definitions/registry.js';
import { spanText } from '../core/helpers/span.js';
import { HOUR } from '../core/helpers/time.js';
import type { EventTime, SourceColumn, SourceTable } from '../core/lending/sources.js';
import type { LineageKind } from '../core/ports/browse.js';
import { lineageGraph } from './lineage.js';

const KEYS = `**Bold** columns are the key: a row with the key of an earlier one and other content is a new version of it, and both stay
readable, each from when it was known.

Types: \`Money\` has two decimals and up to 12 digits before the point, in the one currency of the portfolio; \`Rate\` is a fraction a year (0.24 is 24 %);
\`Date\` is a day in the portfolio’s time zone; \`Instant\` is RFC 3339 with its zone, to the millisecond. Every table also takes \`ingested_at\` (Instant:
when the row was known; by default the moment at which it is written) and \`deleted\` (1 ends the row).`;

const HEAD = `# Source tables

The tables that \`POST /import/{table}\` fills; features, labels and indicators read nothing else. Written by \`npm run generate\` from
\`tables/\`. ${KEYS} [Load your own data](../README.md#load-your-own-data)
says how files are sent.
`;

const PROJECT_HEAD = `# Source tables

The tables that this project reads: its own, then those that come with the platform. \`riskgraph check --write\` writes this file from the definitions:
do not edit it. ${KEYS}
\`node_modules/riskgraph/docs/bring-your-data.md\` says how files are sent.
`;

const EVENT_TIMES: Readonly<Record<EventTime['kind'], (column: string) => string>> = {
  instant: (column) => `\`${column}\``,
  day: (column) => `the end of the day \`${column}\``,
  month: (column) => `the end of the month \`${column}\``,
  always: () => 'none: its rows always held',
};

const eventTimeOf = ({ eventTime }: SourceTable): string =>
  EVENT_TIMES[eventTime.kind](eventTime.kind === 'always' ? '' : eventTime.column);

/** Since when a day of a table that promises it is whole. */
const completenessOf = ({ completeness }: SourceTable): string =>
  completeness === null
    ? ''
    : ` A day is whole ${completeness.by === 'marked' ? 'once it is marked' : 'once rows of a later day are there'}, ${completeness.within / HOUR} hours after its end.`;

/** How long rows are kept, and how the stored table is cut. */
const keepingOf = ({ partition, retention }: SourceTable): string =>
  [
    retention === null ? '' : ` Rows are kept for ${spanText(retention)} after it.`,
    partition === null ? '' : ` Stored by ${partition}.`,
  ].join('');

/** Where the rows of an attached table are, and since when one is known. */
const attachedOf = ({ attached }: SourceTable): string =>
  attached === null
    ? ''
    : ` Attached: read in place from \`${attached.table}\`; a row is known since ${attached.knowledgeTime === undefined ? 'it happened, and corrections are not told apart' : `\`${attached.knowledgeTime}\``}.`;

/** What writes a table that no file fills. */
const derivationOf = ({ derivationJob }: SourceTable): string =>
  derivationJob === null ? '' : ` The job \`${derivationJob}\` alone writes it: an import is refused.`;

const meaningOf = ({ description, unit, values, range, reserved, pii, computed }: SourceColumn): string =>
  [
    unit === undefined ? description : `${description}, in ${unit}`,
    ...(values && values.length > 0
      ? [`one of ${values.map((value) => (value === '' ? 'empty' : value)).join(', ')}`]
      : []),
    ...(range ? [`from ${range[0]} to ${range[1]}`] : []),
    ...(reserved ? [`\`${reserved.text}\` is for ${reserved.for}`] : []),
    ...(pii ? ['personal: masked'] : []),
    ...(computed ? ['computed at import: no file has it'] : []),
  ].join('; ');

const rowOf = (column: SourceColumn): string => {
  const name = column.key ? `**${column.name}**` : column.name;
  return `| ${name} | ${column.type} | ${column.required ? 'yes' : ''} | ${meaningOf(column)} |`;
};

const codes = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ') || 'none';

/** The page of the shipped tables in Markdown, in the order of the schema. */
export const tablesPage = (registry: Registry): string =>
  [HEAD, ...sectionsOf(registry, registry.tables.all)].join('\n');

/** The page of a project in Markdown: its own tables first. */
export function projectTablesPage(registry: Registry): string {
  const isOwn = ({ definedBy }: SourceTable): boolean => definedBy !== null;
  const { all } = registry.tables;
  const tables = [...all.filter(isOwn), ...all.filter((table) => !isOwn(table))];
  return [PROJECT_HEAD, ...sectionsOf(registry, tables)].join('\n');
}

/** A section a table, with what reads it directly. */
function sectionsOf(registry: Registry, of: readonly SourceTable[]): readonly string[] {
  const { tables } = registry;
  const lists = {
    tables,
    views: [...registry.views.values()],
    onDemandViews: [...registry.onDemandViews.values()],
    services: [...registry.services.values()],
    labels: [...registry.labels.values()],
    models: [...registry.models.values()],
    facts: [...registry.facts.values()],
    indicators: [...registry.indicators.values()],
  };
  const graph = lineageGraph({ derived: [], ...lists });
  const sectionOf = (table: SourceTable): string => {
    const readers = graph.of({ kind: 'TABLE', id: table.name }).downstream.filter(({ distance }) => distance === 1);
    const idsOf = (kind: LineageKind) =>
      readers
        .filter((reader) => reader.kind === kind)
        .map(({ id }) => id)
        .sort();
    return `## ${table.name}

${table.description} Event time: ${eventTimeOf(table)}.${keepingOf(table)}${completenessOf(table)}${attachedOf(table)}${derivationOf(table)}

| Column | Type | Required | Meaning |
|---|---|:-:|---|
${table.columns.map(rowOf).join('\n')}

Feature views that read it: ${codes(idsOf('FEATURE_VIEW'))}. Labels: ${codes(idsOf('LABEL'))}. Facts: ${codes(idsOf('FACT'))}. Indicators: ${codes(idsOf('INDICATOR'))}.
`;
  };
  return of.map(sectionOf);
}
