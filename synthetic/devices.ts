/** The phones of the book: what each says of itself, and which one a customer holds when. */
import { DAY, type Instant } from '../src/core/helpers/time.js';
import type { Book } from './book.js';
import { hashed } from './hashes.js';
import type { Person } from './person.js';
import type { Random } from './random.js';
import type { Row } from './rows.js';
import { tacOf } from './tac-brands.js';
import { familyOf, type RingPart, ringPart } from './ties.js';

/** A phone and what it says of itself. */
export interface Device {
  readonly id: string;
  /** Columns of `device_sightings` that do not change while it is in use. */
  readonly fixed: Row;
  /** Signs of tampering that it shows at every sighting. */
  readonly flags: readonly string[];
}

/** A phone from the instant on at which the customer held it. */
export interface Held {
  readonly device: Device;
  readonly from: Instant;
  /** In use beside the main one: a family's, or the second of a ring. */
  readonly beside: boolean;
}

/** Mean life of a phone in the hands of its first user. */
const PHONE_LIFE_DAYS = 900;
/** Members of a ring on one of its phones; one of them is seen on the next phone too, which ties the ring together. */
const RING_MEMBERS_A_PHONE = 4;
/** Share of the members of rings without shared phones who hold a phone from the same workshop, with the same forged values. */
const FORGED_IN_RINGS = 0.85;

/** Share of forged phones that are made from one of so many images. */
const COPIED_IMAGE = 0.6;
const IMAGES = 40;

/** The customer's phones, oldest first; the first is held before registration, phones beside come last. */
export function phonesOf(book: Book, person: Person): readonly Held[] {
  const { index } = person;
  const part = ringPart(book, index);
  const start = person.registeredAt - DAY;
  if (part && !part.clean) {
    if (part.ring.kind !== 'SHARED_DEVICE') {
      const forged = book.random('workshop', index).chance(FORGED_IN_RINGS);
      return [{ device: makeDevice(book, String(index), forged), from: start, beside: false }];
    }
    const place = Math.floor(part.member / RING_MEMBERS_A_PHONE);
    const shared = (phone: number) => makeDevice(book, `ring ${part.ring.index}/${phone}`, true);
    const phones: Held[] = [{ device: shared(place), from: start, beside: false }];
    if (place > 0 && firstOnPhone(book, part))
      phones.push({ device: shared(place - 1), from: person.registeredAt, beside: true });
    return phones;
  }
  const random = book.random('phones', index);
  const phones: Held[] = [{ device: makeDevice(book, `${index}/0`, false), from: start, beside: false }];
  let from = person.registeredAt;
  for (let next = 1; next < 6; next++) {
    from += Math.round(-Math.log(1 - random.next()) * PHONE_LIFE_DAYS * DAY);
    if (from > book.horizon) break;
    phones.push({ device: makeDevice(book, `${index}/${next}`, false), from, beside: false });
  }
  const family = part ? null : familyOf(book, index);
  if (family?.sharesPhone && family.head !== index) {
    phones.push({ device: makeDevice(book, `${family.head}/0`, false), from: person.registeredAt, beside: true });
  }
  return phones;
}

/** The first member on a phone who takes part. */
function firstOnPhone(book: Book, { ring, member }: RingPart): boolean {
  for (let before = member - (member % RING_MEMBERS_A_PHONE); before < member; before++) {
    if (!ringPart(book, ring.first + before)?.clean) return false;
  }
  return true;
}

/** The phone in the hand at an instant. */
export function phoneAt(phones: readonly Held[], at: Instant): Device {
  let held = phones[0] as Held;
  for (const phone of phones) if (!phone.beside && phone.from <= at) held = phone;
  return held.device;
}

/** The phone of someone who opened the app and never registered: nothing but its id is ever known. */
export const strangersPhone = (book: Book, name: string): string => deviceId(book, `stranger ${name}`);

const deviceId = (book: Book, name: string): string => `D${hashed(book.options.seed, 'device', name).slice(0, 19)}`;

const ANDROID_PHONES = [
  ['HUAWEI', 'Mate 50'],
  ['HUAWEI', 'nova 11'],
  ['HONOR', 'Magic5'],
  ['HONOR', 'X50'],
  ['Xiaomi', 'Redmi Note 12'],
  ['Xiaomi', '13'],
  ['OPPO', 'Reno9'],
  ['OPPO', 'A58'],
  ['vivo', 'S16'],
  ['vivo', 'Y36'],
  ['Samsung', 'Galaxy S23'],
] as const;
const IPHONES = ['iPhone 11', 'iPhone 12', 'iPhone 13', 'iPhone 14', 'iPhone 15'] as const;

const ZERO_UUID = '00000000-0000-0000-0000-000000000000';
/** One value that very many old phones and emulators share. */
const SHARED_ANDROID_ID = '9774d56d682e549c';

function makeDevice(book: Book, name: string, forged: boolean): Device {
  const random = book.random('device', name);
  const id = deviceId(book, name);
  const android = forged || random.chance(0.72);
  // Not every phone in a ring is forged: of all of them three in ten are emulators.
  const emulator = random.chance(forged ? 0.4 : 0.002);
  const rooted = random.chance(forged ? 0.4 : 0.01);
  const fingerprint = fingerprintOf(book, name, forged);
  const shared = { is_emulator: emulator ? 1 : 0, is_rooted: rooted ? 1 : 0 };
  return {
    id,
    flags: flagsOf(random, forged),
    fixed: {
      ...shared,
      ...(android ? androidIds(random, forged) : appleIds(random, rooted)),
      ...(fingerprint ? { fingerprint } : {}),
    },
  };
}

/** Apps of an old version take none. Forged phones are copies of a few images, which give the same one. */
function fingerprintOf(book: Book, name: string, forged: boolean): string | null {
  const random = book.random('fingerprint', name);
  if (random.chance(0.04)) return null;
  const image = forged && random.chance(COPIED_IMAGE) ? `image ${random.int(1, IMAGES)}` : name;
  return hashed(book.options.seed, 'fingerprint', image);
}

/** Chances among honest phones and among those of rings. Some tinker with their own phone and mean no harm. */
const TAMPERING: readonly (readonly [string, number, number])[] = [
  ['hook', 0.002, 0.3],
  ['clone', 0.015, 0.35],
  ['mock_location', 0.004, 0.3],
  ['clock_skew', 0.003, 0.08],
];

const flagsOf = (random: Random, forged: boolean): string[] =>
  TAMPERING.filter(([, honest, ring]) => random.chance(forged ? ring : honest)).map(([flag]) => flag);

function androidIds(random: Random, forged: boolean): Row {
  const [brand, model] = random.pick(ANDROID_PHONES);
  const version = random.chance(0.06) ? random.int(7, 9) : random.int(10, 14);
  // From Android 10 on an ordinary app reads no IMEI; one that arrives all the same is a sign of tampering.
  const readsImei = version < 10 ? random.chance(0.8) : random.chance(forged ? 0.6 : 0.08);
  return {
    brand,
    model,
    os: 'Android',
    os_version: String(version),
    ...(readsImei ? { imei: imei(random, brand, forged) } : {}),
    ...(readsImei && random.chance(0.12) ? { meid: `A${random.hex(13).toUpperCase()}` } : {}),
    ...(random.chance(0.85) ? { oaid: oaid(random, brand) } : {}),
    ...(random.chance(0.07) ? { gaid: random.chance(0.25) ? ZERO_UUID : uuid(random) } : {}),
    android_id: random.chance(forged ? 0.05 : 0.001) ? SHARED_ANDROID_ID : random.hex(16),
  };
}

function appleIds(random: Random, rooted: boolean): Row {
  return {
    brand: 'Apple',
    model: random.pick(IPHONES),
    os: 'iOS',
    os_version: `${random.int(15, 18)}.${random.int(0, 6)}`,
    // All zero where tracking was not allowed.
    idfa: random.chance(0.68) ? ZERO_UUID : uuid(random).toUpperCase(),
    idfv: uuid(random).toUpperCase(),
    // Only a broken-open phone gives it away.
    ...(rooted ? { udid: `00008${random.digits(3)}-${random.hex(16).toUpperCase()}` } : {}),
  };
}

/** Allocation of the brand, serial number and Luhn digit. Forgers write another brand's allocation, a wrong digit, or zeros. */
function imei(random: Random, brand: string, forged: boolean): string {
  if (random.chance(forged ? 0.05 : 0.004)) return '0'.repeat(15);
  const claimed = random.chance(forged ? 0.35 : 0.003) ? random.pick(ANDROID_PHONES)[0] : brand;
  const body = tacOf(random, claimed) + random.digits(6);
  const check = luhnDigit(body);
  return body + (random.chance(forged ? 0.2 : 0.003) ? (check + random.int(1, 9)) % 10 : check);
}

function luhnDigit(body: string): number {
  let sum = 0;
  for (let index = 0; index < body.length; index++) {
    const digit = Number(body[index]) * (index % 2 === 1 ? 2 : 1);
    sum += Math.floor(digit / 10) + (digit % 10);
  }
  return (10 - (sum % 10)) % 10;
}

const uuid = (random: Random): string => {
  const hex = random.hex(32);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
};

/** Each vendor has its own form. */
const oaid = (random: Random, brand: string): string => {
  if (random.chance(0.04)) return brand === 'HUAWEI' || brand === 'HONOR' ? ZERO_UUID : '0'.repeat(32);
  if (brand === 'HUAWEI' || brand === 'HONOR') return uuid(random);
  return random.hex(brand === 'Xiaomi' ? 16 : brand === 'Samsung' ? 32 : 64);
};
