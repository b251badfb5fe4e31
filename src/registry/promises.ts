/** What a project says of the product's tables: when their days are whole. */
import type { TableSpec } from '../core/definitions/define-table.js';
import { PROJECT_CONFIG } from './layers.js';
import type { DefinitionFile } from './scan.js';
import { checkTable } from './table.js';

/** The table with what the project says of it. What is wrong with that is added to the problems, and the table is as it comes. */
export function withPromise(item: DefinitionFile, problems: string[]): DefinitionFile {
  if (!item.said) return item;
  // Nothing else of a table is the project's to say.
  const { completeness, completeWithin } = item.said;
  const exported = { ...(item.exported as TableSpec), completeness, completeWithin };
  const report = (problem: string) => problems.push(`${PROJECT_CONFIG}: tables.${item.name}: ${problem}`);
  return checkTable(item.name, exported, report) ? { ...item, exported } : item;
}
