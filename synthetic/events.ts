/** The records of app and server: the way to the first loan, and the sessions after it. */
import { DAY, type Instant, SECOND } from '../src/core/helpers/time.js';
import type { Book } from './book.js';
import { strangersPhone } from './devices.js';
import { instantText } from './instants.js';
import type { ApplicationLife, Life } from './life.js';
import type { Random } from './random.js';
import { poisson, type Visit, visits } from './rhythm.js';
import { knownAt, money, type Row } from './rows.js';
import { type Moment, momentAt, settingOf } from './setting.js';

/** Openers who never registered, for one who did: 45 % of those who open register. */
const STRANGERS = 1 / 0.45 - 1;
/** Median time on the form, and its log-normal deviation. */
const FORM_MS = 120_000;
const FORM_SPREAD = 0.45;
/** Share of forms that a machine fills in, in under fifteen seconds. */
const BOTS = 0.003;
const BOTS_IN_RINGS = 0.5;
/** Share of mock positions that the phone admits. */
const ADMITS_MOCK = 0.8;

/** Rows of `events` of one customer and of strangers who opened the app about then, in no order. */
export function eventRows(book: Book, life: Life): Row[] {
  const rows: Row[] = [];
  journeyEvents(book, life, rows);
  const random = book.random('pages', life.person.index);
  for (const visit of visits(book, life)) visitEvents(book, life, { visit, random }, rows);
  strangers(book, life, rows);
  return rows;
}

function journeyEvents(book: Book, life: Life, rows: Row[]): void {
  const { person, journey, applications } = life;
  const setting = settingOf(book, person);
  const random = book.random('way in', person.index);
  const session = `${person.id}-S0`;
  const moment = momentAt(book, setting, journey.registeredAt, book.random('registration moment', person.index));
  const about = { ...atMoment(moment, random), channel: person.channel };
  const push = (name: string, at: Instant, more: Row): void => {
    if (at > book.horizon) return;
    rows.push({ event_id: `${person.id}-${name}`, customer_id: person.id, event_time: instantText(at), ...more });
  };
  // The opener is known from the registration on.
  const opened = { ...about, ...knownAt(journey.registeredAt) };
  push('OPEN', journey.openedAt, { event_type: 'OPEN', session_id: session, ...opened });
  push('REGISTER', journey.registeredAt, { event_type: 'REGISTER', session_id: session, ...about });
  if (journey.filledAt !== null) {
    const filled = momentAt(book, setting, journey.filledAt, book.random('form moment', person.index));
    const dwell = formTime(random, person.ring !== null, journey.filledAt - journey.registeredAt);
    push('FILL', journey.filledAt, { event_type: 'FILL', ...onForm(filled, random, dwell), session_id: session });
  }
  let credits = 0;
  for (const application of applications) {
    const at = application.appliedAt;
    const sent = momentAt(book, setting, at, book.random('application moment', application.id));
    const columns = { ...atMoment(sent, random), ...aboutApplication(application) };
    if (application.kind === 'CREDIT') {
      if (credits++ > 0) {
        const dwell = formTime(random, person.ring !== null, Number.POSITIVE_INFINITY);
        const form = { event_type: 'FILL', ...onForm(sent, random, dwell), application_id: application.id };
        push(`FILL${credits}`, at - random.int(5, 60) * SECOND, form);
      }
      push(`SUBMIT${credits}`, at, { event_type: 'SUBMIT', ...columns });
      if (application.decision === 'APPROVED' && application.decidedAt !== null) {
        const approved = { ...aboutApplication(application), amount: money(application.approvedAmount ?? 0) };
        push(`APPROVE${credits}`, application.decidedAt, { event_type: 'APPROVE', ...approved });
      }
    } else {
      push(`DRAWDOWN-${application.id}`, at, { event_type: 'DRAWDOWN', ...columns });
    }
  }
}

const aboutApplication = (application: ApplicationLife): Row => ({
  application_id: application.id,
  channel: application.channel,
  product: application.product,
  amount: money(application.amount),
});

/** Columns of the phone and the place. */
function atMoment(moment: Moment, random: Random): Row {
  const admits = moment.spot === 'MOCK' ? random.chance(ADMITS_MOCK) : random.chance(0.001);
  return { device_id: moment.device.id, ...moment.columns, is_mock_location: admits ? 1 : 0 };
}

/** A machine pastes its answers. */
const onForm = (moment: Moment, random: Random, dwell: number): Row => ({
  ...atMoment(moment, random),
  dwell_ms: dwell,
  ...(dwell < 15_000 ? { attributes: { pasted: String(random.int(4, 9)) } } : {}),
});

function formTime(random: Random, ring: boolean, longest: number): number {
  const time = FORM_MS * Math.exp(FORM_SPREAD * random.normal());
  if (random.chance(ring ? BOTS_IN_RINGS : BOTS)) return random.int(3_000, 14_000);
  return Math.round(Math.min(time, Math.max(longest, 20_000)));
}

/** Pages of the app: name, weight, weight near a due date, and what a unit of strain adds to the log of the weight. */
const PAGES: readonly (readonly [page: string, weight: number, nearDue: number, strain: number])[] = [
  ['HOME', 30, 25, 0],
  ['BILL', 18, 30, 0.1],
  ['REPAYMENT', 10, 26, 0.35],
  ['CREDIT', 9, 6, 0.6],
  ['OFFERS', 12, 6, -0.15],
  ['PROFILE', 7, 4, 0],
  ['HELP', 4, 3, 0.25],
];
/** Pages looked at in a session, beyond the first screen. */
const PAGES_A_SESSION = 0.85;

function visitEvents(
  book: Book,
  { person }: Life,
  { visit, random }: { readonly visit: Visit; readonly random: Random },
  rows: Row[],
): void {
  const { moment } = visit;
  const session = `${person.id}-S${visit.no}`;
  rows.push({
    event_id: `${session}-0`,
    customer_id: person.id,
    session_id: session,
    event_type: 'LOGIN',
    event_time: instantText(visit.at),
    ...atMoment(moment, random),
    channel: person.channel,
    attributes: { network: moment.wifi ? 'WIFI' : random.chance(0.6) ? '5G' : '4G' },
  });
  const strain = Math.max(-2, Math.min(2.5, visit.strain));
  let at = visit.at;
  const views = poisson(random, PAGES_A_SESSION * Math.exp(0.15 * strain));
  for (let view = 1; view <= views; view++) {
    at += random.int(3_000, 60_000);
    if (at > book.horizon) return;
    const page = pickPage(random, strain, visit.nearDue);
    rows.push({
      event_id: `${session}-${view}`,
      customer_id: person.id,
      device_id: moment.device.id,
      session_id: session,
      event_type: 'PAGE_VIEW',
      event_time: instantText(at),
      page,
      dwell_ms: Math.round(9_000 * Math.exp(0.8 * random.normal())),
    });
  }
}

function pickPage(random: Random, strain: number, nearDue: boolean): string {
  const weights = PAGES.map(([, weight, due, by]) => (nearDue ? due : weight) * Math.exp(by * strain));
  let left = random.next() * weights.reduce((sum, weight) => sum + weight, 0);
  const place = weights.findIndex((weight) => {
    left -= weight;
    return left < 0;
  });
  return PAGES[place]?.[0] ?? 'HOME';
}

/** People who opened the app in the same weeks and never registered, so that no row names them. */
function strangers(book: Book, life: Life, rows: Row[]): void {
  const { person, journey } = life;
  const random = book.random('strangers', person.index);
  const count = poisson(random, STRANGERS);
  for (let stranger = 1; stranger <= count; stranger++) {
    const at = journey.openedAt + Math.round(random.uniform(-12, 12) * DAY);
    if (at > book.horizon) continue;
    rows.push({
      event_id: `${person.id}-X${stranger}`,
      device_id: strangersPhone(book, `${person.index}/${stranger}`),
      session_id: `${person.id}-X${stranger}`,
      event_type: 'OPEN',
      event_time: instantText(at),
      channel: person.channel,
      is_mock_location: 0,
    });
  }
}
