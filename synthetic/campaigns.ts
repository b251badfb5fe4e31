import { DAY, HOUR, type Instant, MINUTE } from '../src/core/helpers/time.js';
import type { Book } from './book.js';
import { instantText } from './instants.js';
import type { Life } from './life.js';
import { poisson } from './rhythm.js';
import type { Row } from './rows.js';

/** Channel, its share of the contacts, and the share of them that is answered. */
const CHANNELS: readonly (readonly [channel: string, share: number, answers: number])[] = [
  ['SMS', 50, 0.02],
  ['APP', 28, 0.06],
  ['H5', 10, 0.04],
  ['CALL', 10, 0.18],
  ['OFFLINE', 2, 0.25],
];
const CHANNEL_CHOICES = CHANNELS.map((entry) => [entry, entry[1]] as const);

/** Contacts a month with a line; without one for a year after the registration. */
const WITH_LINE = 0.5;
const WITHOUT = 0.12;
/** Share of drawdowns that a contact of the days before brought about. */
const PROMPTED = 0.15;
/** A drawdown within this time of an answer is the campaign's. */
const CREDITED_DAYS = 7;

/** The rows of `campaign_contacts` of one customer: each contact, answered or not, and whether a drawdown followed soon. */
export function campaignRows(book: Book, life: Life): Row[] {
  const { person, loans } = life;
  const random = book.random('campaigns', person.index);
  const hasLine = life.lines.length > 0;
  const rows: Row[] = [];
  const contact = (sentAt: Instant, answers: boolean | null): void => {
    if (sentAt <= person.registeredAt || sentAt > book.horizon) return;
    const [channel, , answerRate] = random.weighted(CHANNEL_CHOICES);
    const respondedAt = sentAt + random.int(1, 20 * 60) * MINUTE;
    const responds = (answers ?? random.chance(answerRate)) && respondedAt <= book.horizon;
    const drawn = loans.find(
      (loan) => loan.disbursedAt > respondedAt && loan.disbursedAt <= respondedAt + CREDITED_DAYS * DAY,
    );
    const month = book.monthOf(book.local.dayOf(sentAt));
    rows.push({
      contact_id: `${person.id}-M${rows.length + 1}`,
      campaign: `${hasLine ? 'DRAW_AGAIN' : 'FINISH_APPLYING'}_${(book.months[month] ?? book.options.endDate).slice(0, 7)}`,
      customer_id: person.id,
      channel,
      sent_at: instantText(sentAt),
      ...(responds ? { responded_at: instantText(respondedAt) } : {}),
      ...(responds && drawn ? { converted_at: instantText(drawn.disbursedAt) } : {}),
    });
  };
  const from = Math.max(person.registeredAt, book.local.startOf(book.firstDay));
  const until = hasLine ? book.horizon : Math.min(book.horizon, person.registeredAt + 365 * DAY);
  const months = Math.max(0, (until - from) / (30.4 * DAY));
  for (let count = poisson(random, months * (hasLine ? WITH_LINE : WITHOUT)); count > 0; count--) {
    const day = book.local.dayOf(from + Math.floor(random.next() * (until - from)));
    contact(book.local.startOf(day) + random.int(9 * 60, 20 * 60) * MINUTE, null);
  }
  for (const loan of loans.slice(1)) {
    if (random.chance(PROMPTED)) contact(loan.disbursedAt - random.int(21, 96) * HOUR, true);
  }
  return rows;
}
