import { createGangs, type GangsOptions } from './gangs/derivation.js';
import { createLoanSnapshots, type LoanSnapshotsOptions } from './loan-snapshots/derivation.js';

/** Every derived table, each after those that it is derived from. A new one is a folder beside this file and a line here. */
export const openDerivedTables = (options: LoanSnapshotsOptions & GangsOptions) => ({
  loanSnapshots: createLoanSnapshots(options),
  gangs: createGangs(options),
});
