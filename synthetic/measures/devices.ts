import { luhnValid } from '../../src/core/helpers/device-ids.js';
import type { Row } from '../rows.js';
import { type Bundle, type Section, tableOf } from './bundle.js';
import { textOf } from './fields.js';
import { IdentifierCounts } from './identifier-counts.js';
import { Ratio } from './ratio.js';
import type { MeasureValues } from './targets.js';

type Values = Pick<
  MeasureValues,
  | 'sharedDevices2'
  | 'sharedDevices5'
  | 'imeiNull'
  | 'idfaZero'
  | 'oaidPresent'
  | 'gaidPresent'
  | 'emulatorHonest'
  | 'emulatorRing'
  | 'luhnHonest'
  | 'luhnRing'
>;

const ZERO_IDFA = /^[0-]+$/;

/** Identifiers of devices, each device once, and the sharing of devices. A device that a ring member used is the ring's. */
export class Devices implements Section<Values> {
  private readonly users = new IdentifierCounts();
  private readonly imeiNull = new Ratio();
  private readonly idfaZero = new Ratio();
  private readonly oaid = new Ratio();
  private readonly gaid = new Ratio();
  private readonly emulator = { honest: new Ratio(), ring: new Ratio() };
  private readonly wrongImei = { honest: new Ratio(), ring: new Ratio() };

  add(bundle: Bundle): void {
    const seen = new Map<string, Row>();
    for (const sighting of tableOf(bundle, 'device_sightings')) {
      const device = sighting.device_id as string;
      if (!seen.has(device)) seen.set(device, sighting);
    }
    for (const [device, sighting] of seen) {
      const number = this.users.number(device);
      if (this.users.count(number) === 1) this.describe(sighting, bundle.ring === null ? 'honest' : 'ring');
      if (bundle.ring !== null) this.users.mark(number);
    }
  }

  values(): Values {
    const two = new Ratio();
    const five = new Ratio();
    for (let number = 0; number < this.users.size; number++) {
      if (this.users.isMarked(number)) continue;
      two.add(this.users.countOf(number) >= 2);
      five.add(this.users.countOf(number) >= 5);
    }
    return {
      sharedDevices2: two.value,
      sharedDevices5: five.value,
      imeiNull: this.imeiNull.value,
      idfaZero: this.idfaZero.value,
      oaidPresent: this.oaid.value,
      gaidPresent: this.gaid.value,
      emulatorHonest: this.emulator.honest.value,
      emulatorRing: this.emulator.ring.value,
      luhnHonest: this.wrongImei.honest.value,
      luhnRing: this.wrongImei.ring.value,
    };
  }

  private describe(sighting: Row, user: 'honest' | 'ring'): void {
    const os = textOf(sighting, 'os')?.toLowerCase();
    const imei = textOf(sighting, 'imei');
    if (os === 'android') {
      if (Number.parseInt(textOf(sighting, 'os_version') ?? '', 10) >= 10) this.imeiNull.add(imei === null);
      this.oaid.add(textOf(sighting, 'oaid') !== null);
      this.gaid.add(textOf(sighting, 'gaid') !== null);
    } else if (os === 'ios') {
      this.idfaZero.add(ZERO_IDFA.test(textOf(sighting, 'idfa') ?? ''));
    }
    this.emulator[user].add(Number(sighting.is_emulator ?? 0) === 1);
    if (imei !== null) this.wrongImei[user].add(!luhnValid(imei));
  }
}
