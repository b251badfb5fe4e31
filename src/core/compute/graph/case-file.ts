/** A gang as a file for a case: what an investigator hands on, with what ties the members. */
import { csvText, withoutFormulas } from '../../helpers/csv.js';
import { formatInstant } from '../../helpers/time.js';
import type { Gang, GangDay, GangLink, GangMember, GangVerdict } from '../../ports/gangs.js';
import type { Mask } from '../masking.js';

export interface CaseContent {
  readonly gang: Gang;
  readonly members: readonly GangMember[];
  readonly links: readonly GangLink[];
  readonly timeline: readonly GangDay[];
  readonly verdicts: readonly GangVerdict[];
}

/** An identifier that members share. */
interface Evidence {
  readonly identifierType: string;
  readonly identifier: string;
  readonly weight: number;
  /** Those who share it, each with when it was seen first and last. */
  readonly customers: readonly GangLink[];
}

/** The identifiers, the strongest first; each as the caller may see it. */
function evidenceOf(links: readonly GangLink[], mask: Mask | undefined): readonly Evidence[] {
  const evidence = new Map<string, GangLink[]>();
  for (const link of links) {
    const key = `${link.identifierType} ${link.identifier}`;
    const own = evidence.get(key);
    if (own) own.push(link);
    else evidence.set(key, [link]);
  }
  return [...evidence.values()].map((customers) => {
    const { identifierType, identifier, weight } = customers[0] as GangLink;
    return { identifierType, identifier: mask ? mask.text(identifier) : identifier, weight, customers };
  });
}

/** The whole case. Instants are UTC; with a mask identifiers are masked, and say so. */
export function caseJson({ gang, members, links, timeline, verdicts }: CaseContent, mask: Mask | undefined): string {
  const content = {
    gang: {
      id: gang.id,
      asOf: formatInstant(gang.asOf),
      size: gang.customers.length,
      firstSeen: formatInstant(gang.firstSeen),
      knownBad: gang.knownBad,
      verdict: gang.verdict,
    },
    identifiersMasked: mask !== undefined,
    members: members.map((member) => ({ ...member, joinedAt: formatInstant(member.joinedAt) })),
    evidence: evidenceOf(links, mask).map(({ customers, ...identifier }) => ({
      ...identifier,
      customers: customers.map(({ from, firstSeen, lastSeen }) => ({
        customerId: from,
        firstSeen: formatInstant(firstSeen),
        lastSeen: formatInstant(lastSeen),
      })),
    })),
    timeline,
    verdicts: verdicts.map(({ judgedAt, until, ...verdict }) => ({
      judgedAt: formatInstant(judgedAt),
      ...verdict,
      until: until === null ? null : formatInstant(until),
    })),
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

const CSV_COLUMNS = [
  'gang_id',
  'customer_id',
  'joined_at',
  'known_bad',
  'distance_to_bad',
  'applications',
  'identifier_type',
  'identifier',
  'members_on_identifier',
  'first_seen',
  'last_seen',
  'weight',
] as const;

/** A line for each member and identifier that it shares, for a spreadsheet; one with empty cells for a member whom nothing ties at this instant. */
export function caseCsv({ gang, members, links }: CaseContent, mask: Mask | undefined): string {
  const ties = new Map<string, unknown[][]>();
  for (const { identifierType, identifier, weight, customers } of evidenceOf(links, mask)) {
    for (const { from, firstSeen, lastSeen } of customers) {
      const seen = [formatInstant(firstSeen), formatInstant(lastSeen)];
      const tie = [identifierType, withoutFormulas(identifier), customers.length, ...seen, weight];
      ties.set(from, [...(ties.get(from) ?? []), tie]);
    }
  }
  const lines = members.flatMap((member) => {
    const own = [
      gang.id,
      withoutFormulas(member.customerId),
      formatInstant(member.joinedAt),
      member.knownBad,
      member.distanceToBad,
      member.applications,
    ];
    return (ties.get(member.customerId) ?? [[]]).map((tie) => [
      ...own,
      ...(tie.length > 0 ? tie : Array.from({ length: CSV_COLUMNS.length - own.length }, () => null)),
    ]);
  });
  return csvText(CSV_COLUMNS, lines);
}
