/** The targets of the book: one entry per measure, each with the range that a book of 50,000 customers must hold. */

export interface MeasureTarget {
  /** The line of the table to which it belongs. */
  readonly group: string;
  readonly title: string;
  readonly target: string;
  readonly low: number;
  readonly high: number;
  /** Shares are fractions and shown in percent. */
  readonly unit: 'percent' | 'number';
  readonly source: string;
}

const FIELD = 'field knowledge';
const SIMULATION = 'simulation';

interface Line {
  readonly group: string;
  readonly source: string;
}

/** Percent in, fractions out: the targets read as lenders print them. */
const percent =
  ({ group, source }: Line) =>
  (title: string, target: string, low: number, high: number): MeasureTarget => ({
    group,
    source,
    title,
    target,
    low: low / 100,
    high: high / 100,
    unit: 'percent',
  });

const number =
  ({ group, source }: Line) =>
  (title: string, target: string, low: number, high: number): MeasureTarget => ({
    group,
    source,
    title,
    target,
    low,
    high,
    unit: 'number',
  });

const approval = percent({ group: 'approval', source: FIELD });
const funnel = percent({ group: 'funnel', source: FIELD });
const firstDue = percent({ group: 'first payment', source: 'Lexin 2020, 2021' });
const balance = percent({ group: 'balance', source: 'ABS indices' });
const overdue = percent({ group: 'overdue balance', source: 'Lexin 2021, Qifu' });
const vintage = percent({ group: 'vintage 30+', source: SIMULATION });
const roll = percent({ group: 'roll rate', source: `${SIMULATION}, ${FIELD}` });
const cure = percent({ group: 'cure to current', source: SIMULATION });
const ending = percent({ group: 'endings', source: FIELD });
const drift = percent({ group: 'season, channel, vintage', source: FIELD });
const rings = percent({ group: 'rings', source: FIELD });
const sharing = percent({ group: 'honest sharing', source: FIELD });
const identifiers = percent({ group: 'identifiers', source: FIELD });
const appLine = { group: 'app events', source: FIELD };
const app = percent(appLine);
const calendarLine = { group: 'bank days and paydays', source: FIELD };
const calendar = percent(calendarLine);
const returns = percent({ group: 'returned debits', source: FIELD });
const knowledge = percent({ group: 'knowledge lag', source: FIELD });

export const TARGETS = {
  approvalNew: approval('approval, new credit', '32 %', 25, 40),
  approvalRepeat: approval('approval, repeat drawdown', '90 %', 85, 95),
  funnelRegister: funnel('registered in 30 days, of opened', '45 %', 35, 55),
  funnelFill: funnel('filled in, of registered', '60 %', 50, 70),
  funnelSubmit: funnel('submitted, of filled in', '75 %', 65, 85),
  funnelDraw: funnel('drawn in 30 days, of approved', '65 %', 55, 75),
  fpd1: firstDue('FPD1', '4.5 %', 3.5, 6),
  fpd7: firstDue('FPD7', '2.0 %', 1.5, 2.8),
  fpd30: firstDue('FPD30', '0.9 %', 0.6, 1.2),
  paidWithin30: percent({ group: 'missed dues', source: 'Qifu 2024 Q2' })(
    'paid within 30 days of a missed due',
    '87 %',
    84,
    90,
  ),
  balanceM1: balance('balance in M1', '1.7 %', 1.02, 2.38),
  balanceM2: balance('balance in M2', '0.8 %', 0.48, 1.12),
  balanceM3: balance('balance in M3', '0.7 %', 0.42, 0.98),
  balanceM4to6: balance('balance in M4 to M6', '1.6 %', 0.96, 2.24),
  overdue1: overdue('balance at 1+ days', '4.6 %', 3.5, 6),
  overdue30: overdue('balance at 30+ days', '3.0 %', 2.2, 4),
  overdue90: overdue('balance at 90+ days', '1.6 %', 1.2, 3),
  vintageEver1: vintage('ever 30+ by count, MOB 0 and 1', '0 %', 0, 0),
  vintageEver3: vintage('ever 30+ by count, MOB 3', '1.6 %', 1.04, 2.16),
  vintageEver6: vintage('ever 30+ by count, MOB 6', '3.6 %', 2.34, 4.86),
  vintageEver12: vintage('ever 30+ by count, MOB 12', '6.2 %', 4.03, 8.37),
  vintageNow3: vintage('30+ by balance, MOB 3', '1.4 %', 0.91, 1.89),
  vintageNow6: vintage('30+ by balance, MOB 6', '2.3 %', 1.5, 3.11),
  vintageNow12: vintage('30+ by balance, MOB 12', '3.2 %', 2.08, 4.32),
  rollC: roll('C to M1', '1.7 %', 1.3, 2.5),
  rollM1: roll('M1 to M2', '42 %', 35, 50),
  rollM2: roll('M2 to M3', '80 %', 70, 88),
  rollM3: roll('M3 to M4', '86 %', 80, 92),
  rollM4: roll('M4+ further', '88 to 97 %', 88, 97),
  cureM1: cure('M1 to C', '48 %', 40, 58),
  cureM2: cure('M2 to C', '11 %', 6, 16),
  cureM3: cure('M3 to C', '10 %', 5, 15),
  cureM4: cure('M4+ to C', '5 %', 2, 9),
  writtenOff: ending('written off, of loans past DPD 180', '100 %', 99, 100),
  writtenOffLate: ending('past DPD 180, of write-offs', '100 %', 100, 100),
  recovery: ending('recovered in 12 months of write-off', '8 to 12 %', 8, 12),
  restructured: ending('restructured, of loans', '0.3 to 0.8 %', 0.3, 0.8),
  earlySettlement: ending('settled early, a month', '1.2 %', 0.8, 1.6),
  festival: drift('missed dues around Spring Festival, above the rest', '25 to 40 %', 25, 40),
  worstChannel: number({ group: 'season, channel, vintage', source: FIELD })(
    'worst channel against best, 30+ by MOB 6',
    '2 to 3',
    2,
    3,
  ),
  badQuarter: drift('worst vintage quarter, above the rest', '40 %', 25, 60),
  noBank: calendar('missed dues on days without banks, above the rest', '10 %', 3, 20),
  handOnBankDays: number(calendarLine)('payments by hand, a bank day against another day', 'more', 1.05, 1.6),
  handOnPaydays: number(calendarLine)('payments by hand, the 10th and the 15th against other days', 'a peak', 1.1, 2),
  returnLag: returns('back 1 to 3 bank days after the debit', '100 %', 100, 100),
  returnOpen: returns('still unpaid 15 days after the debit', '40 %', 25, 60),
  returnRisk: number({ group: 'returned debits', source: FIELD })(
    'loans 30 days past due after one, against loans without',
    '3 to 7',
    2.5,
    9,
  ),
  ringApplications: rings('of applications', '1 %', 0.6, 1.5),
  ringLoans: rings('of loans', '0.4 %', 0.25, 0.6),
  ringSizes: rings('rings of 4 to 15, of all but the largest', '100 %', 100, 100),
  ringLargest: number({ group: 'rings', source: FIELD })('members of the largest ring', '30 and more', 30, 60),
  ringFpd30: rings('FPD30 of their loans', '60 to 80 %', 60, 80),
  ringShareOfFpd30: rings('of all FPD30', '25 to 35 %', 25, 35),
  sharedDevices2: sharing('devices of two customers and more', '2 %', 1, 4),
  sharedDevices5: sharing('devices of five customers and more', 'under 0.1 %', 0, 0.1),
  sharedPlaces: sharing('customers who share a WiFi or an address', '10 %', 6, 14),
  supernode: sharing('customers on a supernode WiFi', '0.3 %', 0.1, 0.6),
  carrierNat: sharing('sessions behind a carrier’s NAT', '30 %', 25, 35),
  imeiNull: identifiers('IMEI null, Android 10 and later', '85 % and more', 85, 100),
  idfaZero: identifiers('IDFA all zero', '60 to 75 %', 60, 75),
  oaidPresent: identifiers('OAID present, Android', '85 %', 80, 90),
  gaidPresent: identifiers('GAID present, Android', 'under 10 %', 0, 10),
  emulatorHonest: identifiers('emulators, honest', '0.2 %', 0.08, 0.4),
  emulatorRing: identifiers('emulators, rings', '30 %', 20, 40),
  luhnHonest: identifiers('IMEI with a wrong check digit, honest', '0.3 %', 0.05, 0.9),
  luhnRing: identifiers('IMEI with a wrong check digit, rings', '20 %', 10, 30),
  sessionsAMonth: number(appLine)('sessions of an active borrower, a month', '4 to 8', 4, 8),
  peakMorning: number(appLine)('sessions at 10 to 12 h, against other hours of the day', 'a peak', 1.5, 10),
  peakEvening: number(appLine)('sessions at 20 to 22 h, against other hours of the day', 'a peak', 1.5, 10),
  peakDue: number(appLine)('sessions within 2 days of a due date, against other days', 'a peak', 1.3, 5),
  nightHonest: app('sessions at night (0 to 5 h), honest', '4 %', 2.5, 6),
  nightRing: app('sessions at night (0 to 5 h), rings', '30 %', 22, 38),
  formMedian: number(appLine)('seconds to fill in the form, median', '120', 90, 150),
  formBots: app('forms of rings filled in under 15 s', 'bots', 10, 70),
  formBotsHonest: app('forms of others filled in under 15 s', 'none', 0, 0.5),
  lateRepayments: knowledge('repayments known 1 to 5 days late', '0.3 %', 0.2, 0.4),
  reversals: knowledge('reversals, of repayments', '0.05 %', 0.03, 0.08),
  restated: knowledge('restated rows', '0.1 %', 0.05, 0.2),
  fastDecisions: knowledge('decisions under 2 minutes', '90 %', 86, 94),
  labelLag: knowledge('labels known 1 to 3 days after their window', '100 %', 100, 100),
} as const satisfies Readonly<Record<string, MeasureTarget>>;

export type MeasureName = keyof typeof TARGETS;
/** Null where the book has nothing to measure it on. */
export type MeasureValues = Readonly<Record<MeasureName, number | null>>;

export interface MeasureResult extends MeasureTarget {
  readonly name: MeasureName;
  readonly value: number | null;
  readonly pass: boolean;
}

/** Every measure beside its target, in the order of the table; what could not be measured does not pass. */
export const judge = (values: MeasureValues): MeasureResult[] =>
  (Object.keys(TARGETS) as MeasureName[]).map((name) => {
    const { low, high } = TARGETS[name];
    const value = values[name];
    return { ...TARGETS[name], name, value, pass: value !== null && value >= low && value <= high };
  });
