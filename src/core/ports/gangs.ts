/** Gangs: customers whom shared identifiers tie. */
import type { Instant, LocalDate } from '../helpers/time.js';
import type { DerivedTable } from './derived.js';
import type { IndicatorFilter } from './indicators.js';

export interface GangsResult {
  /** Number of days that were derived. */
  readonly days: number;
  /** Gangs and their members at the end of the last of them. */
  readonly gangs: number;
  readonly members: number;
  /** Number of rows written: members of whom something changed. */
  readonly rows: number;
  /** The newest day that is derived; null while there are no links. */
  readonly through: LocalDate | null;
}

/**
 * Derives `gang_members`, which holds a row of a customer on each day on which something about its gang changed. It derives one day: `through`, or the
 * last that is over at `asOf`, and never one that is not due at `now`, an hour after its end; with `from` every day of the range that has none. A derived
 * day is never restated: a link that comes late is known from the day on which it came.
 */
export type Gangs = DerivedTable<GangsResult>;

export const VERDICTS = ['CONFIRMED', 'FALSE_ALARM', 'WATCH', 'NONE'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** A gang at an instant. */
export interface Gang {
  readonly id: string;
  /** What is read of the gang is as it was known at this instant. */
  readonly asOf: Instant;
  readonly customers: readonly string[];
  readonly firstSeen: Instant;
  readonly knownBad: number;
  readonly verdict: Verdict;
}

export interface GangMember {
  readonly customerId: string;
  readonly joinedAt: Instant;
  readonly knownBad: boolean;
  /** Identifiers on the shortest way to another who is known bad; null where there is none. */
  readonly distanceToBad: number | null;
  /** Number of applications up to the instant. */
  readonly applications: number;
}

/** A link of a customer to an identifier; on a way, to the customer at its other end. */
export interface GangLink {
  readonly from: string;
  readonly identifierType: string;
  readonly identifier: string;
  readonly to: string | null;
  readonly firstSeen: Instant;
  readonly lastSeen: Instant;
  /** In (0, 1]: the strength of the kind, less the more customers share the identifier. */
  readonly weight: number;
}

/** A day on which the members of a gang changed. */
export interface GangDay {
  readonly date: LocalDate;
  readonly size: number;
  readonly joined: number;
  readonly knownBad: number;
  /** Other gangs from which members came. */
  readonly mergedFrom: readonly string[];
}

/** What an investigator found of a gang. */
export interface GangVerdict {
  readonly judgedAt: Instant;
  readonly verdict: Verdict;
  readonly note: string;
  /** When it ends; null: it does not. */
  readonly until: Instant | null;
}

export interface Neighbourhood {
  readonly customers: readonly GangMember[];
  readonly links: readonly GangLink[];
  /** More customers are within reach than are shown. */
  readonly truncated: boolean;
}

export interface GangSearch {
  readonly asOf: Instant;
  readonly minSize: number;
  readonly verdict: Verdict | null;
  /** On the measures of `GANG_MEASURES`. */
  readonly filters: readonly IndicatorFilter[];
  /** A measure, with `-` in front from high to low; null: the largest first. */
  readonly orderBy: string | null;
  readonly limit: number;
  /** The id of the last gang of the page before. */
  readonly before: string | null;
}

/** What gangs are filtered and ordered by. */
export const GANG_MEASURES = [
  'size',
  'known_bad',
  'bad_share',
  'age_days',
  'new_members_7d',
  'new_members_30d',
  'applications_7d',
  'applications_30d',
  'exposure',
  'approval_rate_90d',
  'matured_members',
  'fpd7_rate',
] as const;

/** Reads gangs as they were known at an instant: who belongs to which as of the last derived day, and links as they are at the instant itself. */
export interface GangReader {
  search(search: GangSearch): Promise<readonly Gang[]>;
  /** Null where no customer is in a gang of this id. */
  find(id: string, asOf: Instant): Promise<Gang | null>;
  /**
   * The gangs that the identifiers of a customer touch at the instant, as one, with the customer and those whom no derived day has seen yet; its id is that
   * of the customer's own gang, or else of the largest. Null where they tie the customer to no one.
   */
  findOf(customer: string, asOf: Instant): Promise<Gang | null>;
  members(gang: Gang): Promise<readonly GangMember[]>;
  links(gang: Gang): Promise<readonly GangLink[]>;
  timeline(gang: Gang): Promise<readonly GangDay[]>;
  /** Every verdict on the gang, in force or not, the newest first. */
  verdicts(gang: Gang): Promise<readonly GangVerdict[]>;
  /** The strongest short way between two customers; empty where there is none within a few identifiers. */
  path(from: string, to: string, asOf: Instant): Promise<readonly GangLink[]>;
  neighbourhood(customer: string, hops: number, asOf: Instant): Promise<Neighbourhood>;
}

/** What an investigator decides, and the personal values that a case needs. */
export interface Investigation {
  /** Records a verdict, from which views and labels follow. NOT_FOUND for a gang that is none. */
  judge(verdict: {
    readonly id: string;
    readonly verdict: Verdict;
    readonly note: string;
    readonly until: Instant | null;
  }): Promise<Gang>;
  /** From now on the identifier, which may be given as it is shown masked, ties no two customers. NOT_FOUND where no link has it. */
  trust(identifier: {
    readonly type: string;
    readonly identifier: string;
    readonly reason: string;
    readonly until: Instant | null;
  }): Promise<void>;
  /** Columns of the row of a customer in `customers`. NOT_FOUND without one, BAD_USER_INPUT for a name that is no column. */
  reveal(customer: string, columns: readonly string[]): Promise<Readonly<Record<string, unknown>>>;
}
