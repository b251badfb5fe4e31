/** The surroundings of one customer: phones, haunts and networks. They are made once per customer and used by every table. */
import { DAY, HOUR, type Instant } from '../src/core/helpers/time.js';
import type { Book } from './book.js';
import { type Device, type Held, phoneAt, phonesOf } from './devices.js';
import { type Haunts, hauntsOf, reported, type Spot, whereAt } from './geo.js';
import { hashed } from './hashes.js';
import type { Person } from './person.js';
import type { Place } from './places.js';
import type { Random } from './random.js';
import type { Row } from './rows.js';
import { familyOf, homeKey, ringPart } from './ties.js';

export interface Setting {
  readonly person: Person;
  readonly phones: readonly Held[];
  readonly haunts: Haunts;
  /** Base station of the WiFi at home; null for those who have none. */
  readonly wifi: string | null;
  /** Key of the home's network line; customers with the same key share its addresses. */
  readonly line: string;
}

/** One moment of a customer with the app in the hand. */
export interface Moment {
  readonly device: Device;
  readonly spot: Spot;
  readonly place: Place;
  /** Columns ip, and latitude, longitude and datum where the app may see them. */
  readonly columns: Row;
  readonly wifi: string | null;
}

const SETTINGS = new WeakMap<Person, Setting>();

export function settingOf(book: Book, person: Person): Setting {
  const known = SETTINGS.get(person);
  if (known) return known;
  const line = networkKey(book, person);
  const made: Setting = {
    person,
    phones: phonesOf(book, person),
    haunts: hauntsOf(book, person),
    wifi: book.random('has wifi', line).chance(HAS_WIFI) ? bssid(book, line) : null,
    line,
  };
  SETTINGS.set(person, made);
  return made;
}

const HAS_WIFI = 0.9;
/** Every so manyth customer lives in a dormitory or works in a mall, where the WiFi is everyone's; so many neighbours share one. */
const PUBLIC_WIFI_EVERY = 208;
const CUSTOMERS_A_PUBLIC_WIFI = 5_000;

function networkKey(book: Book, person: Person): string {
  const { index } = person;
  const part = ringPart(book, index);
  if (part?.ring.kind === 'AGENT' && !part.clean) return `ring ${part.ring.index}`;
  if (index % PUBLIC_WIFI_EVERY === PUBLIC_WIFI_EVERY - 1 && !part) {
    return `public ${Math.floor(index / CUSTOMERS_A_PUBLIC_WIFI)}`;
  }
  const family = familyOf(book, index);
  if (family) return family.sharesWifi ? `home ${family.head}` : `home ${index}`;
  return `home ${homeKey(book, index)}`;
}

/** Hardware address whose second digit marks it as the maker's own. */
function bssid(book: Book, key: string): string {
  const hex = hashed(book.options.seed, 'wifi', key);
  return `${hex[0]}${'048c'[Number.parseInt(hex[1] as string, 16) % 4]}${hex.slice(2, 12)}`;
}

/** Sessions through a carrier's address translation, which thousands share. */
const CARRIER_NAT = 0.3;
const NAT_ADDRESSES_A_CITY = 4;
/** Home lines keep an address for so long. */
const LEASE_DAYS = 60;
const POSITION_ALLOWED = 0.9;

/** The app's context of a customer at an instant; the stream says which event it is, so that two tables can tell of the same moment. */
export function momentAt(book: Book, setting: Setting, at: Instant, random: Random): Moment {
  const { person, haunts } = setting;
  const device = phoneAt(setting.phones, at);
  const hour = Math.floor((at - book.local.startOf(book.local.dayOf(at))) / HOUR);
  const where = whereAt(book, person, haunts, { at, hour, random });
  const atHome = where.spot === 'HOME' || where.spot === 'MOCK';
  const onWifi = atHome && setting.wifi !== null;
  const nat = random.chance(CARRIER_NAT);
  const ip = nat
    ? natAddress(haunts.place, random)
    : onWifi
      ? address(hashed(book.options.seed, 'line', setting.line, Math.floor(at / (LEASE_DAYS * DAY))))
      : address(random.hex(8));
  const allowed = random.chance(POSITION_ALLOWED);
  return {
    device,
    spot: where.spot,
    place: where.place,
    columns: { ip, ...(allowed ? reported(where.position, haunts.datum) : {}) },
    wifi: onWifi && !nat ? setting.wifi : null,
  };
}

/** Addresses of the range that carriers translate from (RFC 6598), a few a city. */
function natAddress({ latitude, longitude }: Place, random: Random): string {
  const city = Math.floor((latitude * 7 + longitude * 31) * 10);
  return `100.${64 + (city % 64)}.${(city >> 6) % 256}.${random.int(1, NAT_ADDRESSES_A_CITY)}`;
}

/** A public address of the ranges that Asian providers hold most of. */
const address = (hex: string): string => {
  const byte = (at: number) => Number.parseInt(hex.slice(at, at + 2), 16);
  return `${110 + (byte(0) % 14)}.${byte(2)}.${byte(4)}.${1 + (byte(6) % 254)}`;
};
