import { createHash, randomBytes } from 'node:crypto';
import { badInput, notFound } from '../core/errors.js';
import { didYouMean } from '../core/helpers/suggestions.js';
import { newUuid } from '../core/helpers/uuid.js';
import type { Catalogue } from '../core/ports/catalogue.js';
import type { Clock } from '../core/ports/process.js';
import type { NewReportLink, ReportLinkLedger, ReportLinks } from '../core/ports/report-links.js';
import { LOANS } from './loan-months.js';

const SECRET_BYTES = 32;
/** As the bytes are written in an address. */
const SECRET = /^[A-Za-z0-9_-]{43}$/;
const LONGEST_NAME = 64;

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

export function createReportLinks(parts: {
  readonly ledger: ReportLinkLedger;
  readonly catalogue: Pick<Catalogue, 'namedIndicator' | 'facts'>;
  readonly now: Clock;
}): ReportLinks {
  const { ledger, catalogue, now } = parts;
  return {
    async create(asked) {
      check(asked, catalogue, now());
      const secret = randomBytes(SECRET_BYTES).toString('base64url');
      const link = { ...asked, id: newUuid(now()), createdAt: now(), revokedAt: null };
      await ledger.create({ ...link, sha256: hashOf(secret) });
      return { link, secret };
    },
    all: () => ledger.all(),
    async open(secret) {
      if (!SECRET.test(secret)) return null;
      const sha256 = hashOf(secret);
      const link = await ledger.inForce(sha256, now());
      return link && { ...link, sha256 };
    },
    async revoke(id) {
      const link = await ledger.revoke(id, now());
      if (link) return link;
      throw notFound(`there is no report link ${id.slice(0, 64)}`, 'ask `reportLinks` for those that there are');
    },
  };
}

/** How many indicators a report takes. */
const TAKEN = {
  INDICATORS: { least: 1, most: 50, what: 'the indicators that it reads, 1 to 50' },
  FUNNEL: { least: 1, most: 1, what: 'the funnel that it reads' },
  VINTAGE: { least: 0, most: 0, what: 'no indicator' },
  ROLL_RATES: { least: 0, most: 0, what: 'no indicator' },
} as const;

/** @throws BAD_USER_INPUT */
function check(link: NewReportLink, catalogue: Pick<Catalogue, 'namedIndicator' | 'facts'>, now: number): void {
  const { name, report, indicators, rows, expiresAt } = link;
  if (name.trim() === '' || name.length > LONGEST_NAME) {
    throw badInput('`name` is empty or too long', `say in 1 to ${LONGEST_NAME} characters who reads the link`);
  }
  const { least, most, what } = TAKEN[report];
  if (indicators.length < least || indicators.length > most) {
    throw badInput(`a link to ${report} names ${indicators.length} indicators`, `it takes ${what}`);
  }
  if (expiresAt !== null && expiresAt <= now) throw badInput('`expiresAt` is over', 'give an instant that is to come');
  const named = indicators.map((one) => catalogue.namedIndicator(one));
  const funnel = report === 'FUNNEL' ? named.find((one) => one.funnel === null) : undefined;
  if (funnel) throw badInput(`'${funnel.name}' is not a funnel`, 'name one');
  const loans = catalogue.facts().filter((fact) => fact.name === LOANS);
  const counted = named.length > 0 ? named : loans;
  for (const { dimension, values } of rows) {
    const lacking = counted.find(({ dimensions }) => !(dimension in dimensions));
    if (lacking) {
      const known = Object.keys(lacking.dimensions);
      throw badInput(
        `'${dimension}' is not a dimension of ${lacking.name}`,
        `${didYouMean(dimension, known)}the dimensions there are ${known.join(', ') || 'none'}`,
      );
    }
    if (values.length === 0) throw badInput(`the right to ${dimension} has no values`, 'give it at least one');
  }
}
