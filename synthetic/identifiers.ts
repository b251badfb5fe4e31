/** Links between customers: numbers, addresses, accounts and networks, hashed with the book's seed as the one salt. */
import { type Instant, MINUTE } from '../src/core/helpers/time.js';
import type { Book } from './book.js';
import { hashed } from './hashes.js';
import { instantText } from './instants.js';
import type { Life } from './life.js';
import type { Random } from './random.js';
import type { Row } from './rows.js';
import { momentAt, settingOf } from './setting.js';
import { type Family, familyOf, homeKey, phoneOf, type RingPart, ringPart } from './ties.js';

/** Applicants that one agent brings under one number before taking a new one. */
const APPLICANTS_AN_AGENT_NUMBER = 9;
/** Shares of the contacts of honest customers: a relative who is a customer, another customer, and a person whom neighbours name too. */
const CONTACT_IN_FAMILY = 0.5;
const CONTACT_CUSTOMER = 0.012;
const CONTACT_IN_COMMON = 0.008;

/** Rows of `identifier_links` of one customer. */
export function identifierRows(book: Book, life: Life): Row[] {
  const { person, journey, applications } = life;
  const random = book.random('identifiers', person.index);
  const setting = settingOf(book, person);
  const part = ringPart(book, person.index);
  const tied = part && !part.clean ? part : null;
  const family = part ? null : familyOf(book, person.index);
  const rows: Row[] = [];
  const seen = new Set<string>();
  const link = (type: string, identifier: string, at: Instant): void => {
    const key = `${type} ${identifier} ${at}`;
    if (at > book.horizon || seen.has(key)) return;
    seen.add(key);
    rows.push({ customer_id: person.id, identifier_type: type, identifier, seen_at: instantText(at) });
  };
  const salted = (type: string, ...parts: readonly (string | number)[]) => hashed(book.options.seed, type, ...parts);

  const registration = momentAt(book, setting, journey.registeredAt, book.random('registration moment', person.index));
  link('PHONE', phoneOf(book, person.index), journey.registeredAt);
  link('IP', salted('IP', String(registration.columns.ip)), journey.registeredAt);
  if (setting.wifi) link('WIFI', salted('WIFI', setting.wifi), journey.registeredAt + random.int(0, 5) * MINUTE);
  for (const { device, from } of setting.phones) {
    link('DEVICE', salted('DEVICE', device.id), Math.max(from, journey.registeredAt));
  }

  if (journey.filledAt !== null) {
    const at = journey.filledAt;
    link('ID_NUMBER', salted('ID_NUMBER', person.index), at);
    link('ADDRESS', salted('ADDRESS', homeKey(book, person.index)), at);
    for (const contact of contactsOf(book, random, { index: person.index, tied, family })) {
      link('CONTACT_PHONE', contact, at);
    }
    if (random.chance(0.75)) link('EMPLOYER', salted('EMPLOYER', employerOf(random, person.index)), at);
    if (tied?.ring.kind === 'AGENT') link('REFERRER', agentPhone(book, tied), at);
    else if (person.channel === 'REFERRAL') link('REFERRER', referrer(book, random), at);
    if (random.chance(0.02)) link('GUARANTOR', family ? phoneOf(book, family.head) : random.hex(32), at);
  }
  for (const application of applications) {
    if (application.kind !== 'CREDIT') continue;
    const sent = momentAt(book, setting, application.appliedAt, book.random('application moment', application.id));
    link('DEVICE', salted('DEVICE', sent.device.id), application.appliedAt);
    link('IP', salted('IP', String(sent.columns.ip)), application.appliedAt);
    link('BANK_CARD', salted('BANK_CARD', person.index, random.chance(0.1) ? 1 : 0), application.appliedAt);
    link('PAYEE_ACCOUNT', salted('PAYEE_ACCOUNT', payee(random, person.index, tied, family)), application.appliedAt);
  }
  return rows;
}

/** Numbers that a customer gives as contacts, one to three. */
function contactsOf(
  book: Book,
  random: Random,
  who: { readonly index: number; readonly tied: RingPart | null; readonly family: Family | null },
): Set<string> {
  const { index, tied, family } = who;
  const contacts = new Set<string>();
  if (tied?.ring.kind === 'AGENT') contacts.add(agentPhone(book, tied));
  if (tied?.ring.kind === 'CONTACT') {
    contacts.add(phoneOf(book, neighbourIn(book, tied, 1)));
    if (random.chance(0.6)) contacts.add(phoneOf(book, neighbourIn(book, tied, 4)));
  }
  if (family && family.head !== index && random.chance(CONTACT_IN_FAMILY)) contacts.add(phoneOf(book, family.head));
  const count = random.int(1, 3);
  while (contacts.size < count) {
    const kind = random.next();
    if (kind < CONTACT_CUSTOMER) contacts.add(phoneOf(book, random.int(0, book.options.customers - 1)));
    else if (kind < CONTACT_CUSTOMER + CONTACT_IN_COMMON) contacts.add(commonFriend(book, random, index));
    else contacts.add(random.hex(32));
  }
  return contacts;
}

const commonFriend = (book: Book, random: Random, index: number): string =>
  hashed(book.options.seed, 'phone', 'friend', Math.floor(index / 60), random.int(0, 2));

const agentPhone = (book: Book, { ring, member }: RingPart): string =>
  hashed(book.options.seed, 'phone', 'agent', ring.index, Math.floor(member / APPLICANTS_AN_AGENT_NUMBER));

/** The first member who takes part from so many places on; the last is followed by the first. */
function neighbourIn(book: Book, { ring, member }: RingPart, places: number): number {
  for (let step = places; step < places + ring.size; step++) {
    const next = ring.first + ((member + step) % ring.size);
    if (!ringPart(book, next)?.clean) return next;
  }
  return ring.first + member;
}

/** A quarter works for one of the large employers of the country, the others for a firm that few neighbours share. */
const employerOf = (random: Random, index: number): string =>
  random.chance(0.25) ? `large ${random.int(0, 199)}` : `firm ${Math.floor(index / 60)} ${random.int(0, 40)}`;

/** Customers bring customers; others are brought by salespeople. */
const referrer = (book: Book, random: Random): string =>
  random.chance(0.6)
    ? phoneOf(book, random.int(0, book.options.customers - 1))
    : hashed(book.options.seed, 'phone', 'sales', random.int(0, Math.ceil(book.options.customers / 200)));

function payee(random: Random, index: number, tied: RingPart | null, family: Family | null): string {
  if (tied?.ring.kind === 'ADDRESS') return `ring ${tied.ring.index}`;
  return family && random.chance(0.15) ? String(family.head) : String(index);
}
