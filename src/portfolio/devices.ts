import { formatInstant, HOUR, MINUTE } from '../core/time.js';
import type { Book, BookDay } from './book.js';
import type { Person } from './person.js';
import type { Random } from './random.js';

/** Mean sightings a customer and month on each of the customer's devices. */
const SIGHTINGS_PER_MONTH = 1.4;

/** A phone and what it says of itself. */
interface Device {
  readonly id: string;
  readonly fixed: Readonly<Record<string, unknown>>;
  readonly flags: readonly string[];
}

const ANDROID_BRANDS = [
  ['HUAWEI', 'Mate 50'],
  ['HONOR', 'Magic5'],
  ['Xiaomi', 'Redmi Note 12'],
  ['OPPO', 'Reno9'],
  ['vivo', 'S16'],
] as const;
const IPHONES = ['iPhone 11', 'iPhone 12', 'iPhone 13', 'iPhone 14'] as const;

/** Rows of `device_sightings` of one customer, oldest first a device. */
export function* sightingRows(book: Book, person: Person): Generator<Record<string, unknown>> {
  const random = book.random('sightings', person.index);
  for (const [place, device] of devicesOf(book, person).entries()) {
    const wifi = random.chance(0.9) ? random.hex(12) : undefined;
    const nightShare = person.ring ? 0.3 : 0.04;
    const rate = place === 0 ? SIGHTINGS_PER_MONTH : SIGHTINGS_PER_MONTH / 4;
    const { days } = book;
    const registered = days.findIndex(({ date }) => date >= person.registeredOn);
    const seen = new Set<number>();
    let day = registered > 0 ? registered : random.int(0, 20);
    while (day < days.length) {
      const instant = (days[day] as BookDay).start + timeOfDay(random, nightShare);
      if (instant <= book.horizon && !seen.has(instant)) {
        seen.add(instant);
        yield {
          customer_id: person.id,
          device_id: device.id,
          seen_at: formatInstant(instant),
          ...device.fixed,
          flags: random.chance(0.02) ? [...device.flags, 'vpn'] : device.flags,
          // Carrier NAT: a third of the sessions share a small pool of addresses.
          ip: random.chance(0.3) ? `100.64.${random.int(0, 3)}.${random.int(1, 254)}` : address(random),
          ...(wifi ? { wifi_bssid: wifi } : {}),
        };
      }
      day += 1 + Math.floor((-Math.log(1 - random.next()) * 30) / rate);
    }
  }
}

/** Hours with peaks at 10-12 and 20-22; a share of the sessions falls between midnight and five. */
function timeOfDay(random: Random, nightShare: number): number {
  const hour = random.chance(nightShare)
    ? random.int(0, 4)
    : random.weighted([
        [random.int(10, 11), 0.3],
        [random.int(20, 21), 0.3],
        [random.int(6, 23), 0.4],
      ]);
  return hour * HOUR + random.int(0, 59) * MINUTE + random.int(0, 59_999);
}

const address = (random: Random): string =>
  `${random.int(101, 223)}.${random.int(0, 255)}.${random.int(0, 255)}.${random.int(1, 254)}`;

/** The customer's own phone, an older one, and phones shared honestly (family) or not (a ring's). */
function devicesOf(book: Book, person: Person): Device[] {
  if (person.ring) {
    const { ring, index } = person;
    const shared = makeDevice(book, `ring ${ring.index}/${(index - ring.first) % ring.devices}`, true);
    return book.random('own phone', index).chance(0.4) ? [shared, makeDevice(book, String(index), false)] : [shared];
  }
  const random = book.random('phones', person.index);
  const devices = [makeDevice(book, String(person.index), false)];
  if (random.chance(0.12)) devices.push(makeDevice(book, `${person.index}/old`, false));
  const neighbour = person.index - 1;
  // A family's phone is used by two: about two devices in a hundred.
  if (neighbour >= 0 && !book.ring(neighbour) && random.chance(0.022))
    devices.push(makeDevice(book, String(neighbour), false));
  return devices;
}

function makeDevice(book: Book, name: string, forged: boolean): Device {
  const random = book.random('device', name);
  const id = `D${random.hex(15)}`;
  const android = forged || random.chance(0.72);
  const emulator = random.chance(forged ? 0.3 : 0.002);
  const rooted = random.chance(forged ? 0.4 : 0.01);
  const flags = forged ? ['hook', 'clone', 'mock_location'].filter(() => random.chance(0.35)) : [];
  const shared = { is_emulator: emulator ? 1 : 0, is_rooted: rooted ? 1 : 0 };
  return { id, flags, fixed: { ...shared, ...(android ? androidIds(random, forged) : appleIds(random)) } };
}

function androidIds(random: Random, forged: boolean): Record<string, unknown> {
  const [brand, model] = random.pick(ANDROID_BRANDS);
  const version = random.chance(0.06) ? random.int(7, 9) : random.int(10, 14);
  // From Android 10 on an ordinary app reads no IMEI; one that arrives all the same is a sign of tampering.
  const readsImei = version < 10 ? random.chance(0.8) : random.chance(forged ? 0.6 : 0.08);
  return {
    brand,
    model,
    os: 'Android',
    os_version: String(version),
    ...(readsImei ? { imei: imei(random, forged ? 0.2 : 0.003) } : {}),
    ...(random.chance(0.85) ? { oaid: oaid(random, brand) } : {}),
    ...(random.chance(0.07) ? { gaid: uuid(random) } : {}),
    android_id: random.chance(0.001) ? '9774d56d682e549c' : random.hex(16),
  };
}

function appleIds(random: Random): Record<string, unknown> {
  return {
    brand: 'Apple',
    model: random.pick(IPHONES),
    os: 'iOS',
    os_version: `${random.int(15, 18)}.${random.int(0, 6)}`,
    // All zero where tracking was not allowed.
    idfa: random.chance(0.68) ? '00000000-0000-0000-0000-000000000000' : uuid(random).toUpperCase(),
    idfv: uuid(random).toUpperCase(),
  };
}

/** Fourteen digits and their Luhn digit, wrong with the probability given. */
function imei(random: Random, wrong: number): string {
  const body = `86${random.digits(12)}`;
  let sum = 0;
  for (let index = 0; index < body.length; index++) {
    const digit = Number(body[index]) * (index % 2 === 1 ? 2 : 1);
    sum += Math.floor(digit / 10) + (digit % 10);
  }
  const check = (10 - (sum % 10)) % 10;
  return body + (random.chance(wrong) ? (check + random.int(1, 9)) % 10 : check);
}

const uuid = (random: Random): string => {
  const hex = random.hex(32);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
};

/** Each vendor has its own form. */
const oaid = (random: Random, brand: string): string => {
  if (random.chance(0.04)) return '0'.repeat(32);
  if (brand === 'HUAWEI' || brand === 'HONOR') return uuid(random);
  return random.hex(brand === 'Xiaomi' ? 16 : 64);
};
