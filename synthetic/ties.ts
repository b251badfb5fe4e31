/** Ties between customers of the book: families that live together, and the roles of ring members. */
import type { Book, Ring } from './book.js';
import { hashed } from './hashes.js';
import { type Place, pickPlace } from './places.js';

/** Every so manyth member of a ring shares nothing with it: no method finds all. */
const CLEAN_EVERY = 6;

export interface RingPart {
  readonly ring: Ring;
  /** Place in the ring, from 0. */
  readonly member: number;
  /** Shares no phone, address, network or device with the others. */
  readonly clean: boolean;
}

export function ringPart(book: Book, index: number): RingPart | null {
  const ring = book.ring(index);
  if (!ring) return null;
  const member = index - ring.first;
  return {
    ring,
    member,
    clean: (member + ring.index) % CLEAN_EVERY === CLEAN_EVERY - 1,
  };
}

/** Two or three customers of one home. */
export interface Family {
  /** Index of the member whose home it is. */
  readonly head: number;
  readonly sharesPhone: boolean;
  readonly sharesWifi: boolean;
  readonly sharesAddress: boolean;
}

/** Neighbours in the numbering among whom a family is sought: one customer in ten shares a home with another. */
const NEIGHBOURHOOD = 17;
const FAMILY_OF_THREE = 0.25;
/** Share of families that share a phone; about two phones in a hundred are then used by two customers. */
const SHARES_PHONE = 0.5;

/** The last neighbourhood asked for: customers are made one after the other, and each asks several times. */
const LAST = new WeakMap<
  Book,
  { readonly block: number; readonly members: readonly number[]; readonly family: Family }
>();

/** Null for customers who live on their own, and for members of rings. */
export function familyOf(book: Book, index: number): Family | null {
  const block = Math.floor(index / NEIGHBOURHOOD);
  let known = LAST.get(book);
  if (known?.block !== block) {
    known = { block, ...drawFamily(book, block) };
    LAST.set(book, known);
  }
  return known.members.includes(index) ? known.family : null;
}

function drawFamily(book: Book, block: number): { members: readonly number[]; family: Family } {
  const random = book.random('family', block);
  const first = block * NEIGHBOURHOOD;
  const drawn = new Set<number>();
  const size = random.chance(FAMILY_OF_THREE) ? 3 : 2;
  while (drawn.size < size) drawn.add(first + random.int(0, NEIGHBOURHOOD - 1));
  const present = [...drawn].filter((member) => member < book.options.customers && !book.ring(member));
  const sharesWifi = random.chance(0.9);
  const family: Family = {
    head: Math.min(...present),
    sharesPhone: random.chance(SHARES_PHONE),
    sharesWifi,
    sharesAddress: !sharesWifi || random.chance(0.85),
  };
  return { members: present.length < 2 ? [] : present, family };
}

/** The customer's own telephone number, hashed with the book's salt: `customers.phone_hash` and the node of PHONE and CONTACT_PHONE. */
export const phoneOf = (book: Book, index: number): string => hashed(book.options.seed, 'phone', index);

/** Whose home it is: the family's head, a ring's flat, or the customer. */
export function homeKey(book: Book, index: number): string {
  const part = ringPart(book, index);
  if (part?.ring.kind === 'ADDRESS' && !part.clean) return `ring ${part.ring.index}`;
  const family = familyOf(book, index);
  return family?.sharesAddress ? String(family.head) : String(index);
}

/** The city of a customer's home; those who share a home share it. */
export const homePlace = (book: Book, index: number): Place => pickPlace(book.random('city', homeKey(book, index)));
