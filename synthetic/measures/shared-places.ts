import { type Bundle, type Section, tableOf } from './bundle.js';
import { IdentifierCounts } from './identifier-counts.js';
import { Ratio } from './ratio.js';
import type { MeasureValues } from './targets.js';

type Values = Pick<MeasureValues, 'sharedPlaces' | 'supernode'>;

/** A WiFi of more honest customers is a shop's or a station's, and says nothing of two of them. */
const SUPERNODE_CUSTOMERS = 20;
const FIRST_USES = 1 << 12;

/**
 * Honest customers who share a network or an address, and those on a network that everyone uses. Who shares is known only when all customers
 * were seen, so that the places of each are kept: one number a use.
 */
export class SharedPlaces implements Section<Values> {
  private readonly places = new IdentifierCounts();
  /** Place numbers customer by customer; the last of a customer is marked by its lowest bit. */
  private uses = new Uint32Array(FIRST_USES);
  private used = 0;
  private customers = 0;

  add(bundle: Bundle): void {
    if (bundle.ring !== null || tableOf(bundle, 'customers').length === 0) return;
    this.customers += 1;
    const names = new Set<string>();
    for (const { identifier_type: type, identifier } of tableOf(bundle, 'identifier_links'))
      if (type === 'WIFI' || type === 'ADDRESS') names.add(`${type} ${identifier}`);
    let left = names.size;
    for (const name of names) {
      const place = this.places.number(name);
      this.places.count(place);
      if (name.startsWith('WIFI')) this.places.mark(place);
      this.use(place * 2 + (--left === 0 ? 1 : 0));
    }
  }

  values(): Values {
    const [shared, supernode] = [new Ratio(), new Ratio()];
    let [shares, onSupernode] = [false, false];
    let without = this.customers;
    for (let index = 0; index < this.used; index++) {
      const use = this.uses[index] as number;
      const place = use >>> 1;
      const users = this.places.countOf(place);
      shares ||= users >= 2 && users <= SUPERNODE_CUSTOMERS;
      onSupernode ||= users > SUPERNODE_CUSTOMERS && this.places.isMarked(place);
      if ((use & 1) === 0) continue;
      shared.add(shares);
      supernode.add(onSupernode);
      [shares, onSupernode] = [false, false];
      without -= 1;
    }
    shared.addPart(0, without);
    supernode.addPart(0, without);
    return { sharedPlaces: shared.value, supernode: supernode.value };
  }

  private use(value: number): void {
    if (this.used === this.uses.length) {
      const wider = new Uint32Array(this.uses.length * 2);
      wider.set(this.uses);
      this.uses = wider;
    }
    this.uses[this.used++] = value;
  }
}
