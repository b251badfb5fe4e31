import { DAY, HOUR, type Instant, SECOND } from '../src/core/helpers/time.js';
import type { Book } from './book.js';
import type { Device } from './devices.js';
import { hashed } from './hashes.js';
import { instantText } from './instants.js';
import type { Life } from './life.js';
import type { Person } from './person.js';
import type { Random } from './random.js';
import { visits } from './rhythm.js';
import type { Row } from './rows.js';
import { momentAt, settingOf } from './setting.js';

/** The service that knows devices looks at every so manyth session, and always when an account is made or credit asked for. */
const LOOKS_AT_SESSION = 0.3;
/** A phone beside the main one is seen so often over the customer's time in the book. */
const BESIDE_SIGHTINGS = 3;
const VPN = 0.02;
const VPN_IN_RINGS = 0.25;
/** Share of customers who set a phone back once in their time with it; in rings, shortly before they register. */
const RESETS = 0.03;
const RESETS_IN_RINGS = 0.5;
/** Share of honest customers who change the SIM card, and the days that a card lasts. */
const CHANGES_SIM = 0.1;
const SIM_DAYS = 400;
const SIM_DAYS_IN_RINGS = 20;

/** Rows of `device_sightings` of one customer. */
export function sightingRows(book: Book, life: Life): Row[] {
  const { person, journey, applications } = life;
  const setting = settingOf(book, person);
  const random = book.random('sightings', person.index);
  const seen = new Set<string>();
  const rows: Row[] = [];
  const traces = tracesOf(book, person);
  const see = (device: Device, at: Instant, columns: Row, wifi: string | null): void => {
    const key = `${device.id} ${at}`;
    if (at > book.horizon || seen.has(key)) return;
    seen.add(key);
    rows.push({
      customer_id: person.id,
      device_id: device.id,
      seen_at: instantText(at),
      ...device.fixed,
      flags: flagsAt(random, device, person.ring !== null),
      ip: columns.ip,
      ...traces(at),
      ...(wifi ? { wifi_bssid: wifi } : {}),
    });
  };
  const seeMain = (at: Instant, moments: Random): void => {
    const moment = momentAt(book, setting, at, moments);
    see(moment.device, at, moment.columns, moment.wifi);
  };
  seeMain(journey.registeredAt, book.random('registration moment', person.index));
  for (const application of applications) {
    seeMain(application.appliedAt, book.random('application moment', application.id));
  }
  for (const { at, moment } of visits(book, life)) {
    if (random.chance(LOOKS_AT_SESSION)) see(moment.device, at, moment.columns, moment.wifi);
  }
  const until = Math.max(person.registeredAt + DAY, book.horizon);
  for (const { device, beside, from } of setting.phones) {
    if (!beside) continue;
    // Near the registration, then whenever the other's phone is at hand.
    see(device, from + random.int(30, 3_000) * SECOND, momentAt(book, setting, from, random).columns, setting.wifi);
    for (let time = 1; time < BESIDE_SIGHTINGS; time++) {
      const at = Math.floor(random.uniform(from, until));
      see(device, at, momentAt(book, setting, at, random).columns, setting.wifi);
    }
  }
  return rows;
}

const flagsAt = (random: Random, device: Device, ring: boolean): readonly string[] =>
  random.chance(ring ? VPN_IN_RINGS : VPN) ? [...device.flags, 'vpn'] : device.flags;

/** What ties the phone in the hand to its holder: the account that is signed in, the SIM card and the last reset, at an instant. */
function tracesOf(book: Book, person: Person): (at: Instant) => Row {
  const random = book.random('traces', person.index);
  const ring = person.ring !== null;
  const { seed } = book.options;
  const account_hash = hashed(seed, 'account', person.index);
  const simDays = ring ? SIM_DAYS_IN_RINGS : random.chance(CHANGES_SIM) ? SIM_DAYS : Number.POSITIVE_INFINITY;
  const reset = resetOf(book, person, random);
  return (at) => ({
    account_hash,
    sim_hash: hashed(seed, 'sim', person.index, Math.floor((at - person.registeredAt) / DAY / simDays)),
    ...(reset !== null && reset <= at ? { reset_at: instantText(reset) } : {}),
  });
}

function resetOf(book: Book, { ring, registeredAt }: Person, random: Random): Instant | null {
  if (!random.chance(ring ? RESETS_IN_RINGS : RESETS)) return null;
  if (ring) return registeredAt - random.int(2 * 3_600, 20 * 3_600) * SECOND;
  return Math.floor(random.uniform(registeredAt, Math.max(registeredAt + HOUR, book.horizon)));
}
