import type { Book } from './book.js';
import { bureauRows } from './bureau-lines.js';
import { campaignRows } from './campaigns.js';
import { collectionRows } from './collections.js';
import { eventRows } from './events.js';
import { externalReportRows } from './external-reports.js';
import { fundFlowRows } from './fund-flows.js';
import { identifierRows } from './identifiers.js';
import type { Life } from './life.js';
import { placeRows } from './places.js';
import type { CustomerRows } from './rows.js';
import { sightingRows } from './sightings.js';
import { tacBrandRows } from './tac-brands.js';

/** Tables of `surroundingRows`, in the order in which a loader may take them. */
export const SURROUNDING_TABLES = [
  'device_sightings',
  'identifier_links',
  'events',
  'external_reports',
  'inquiries',
  'tradelines',
  'campaign_contacts',
  'fund_flows',
  'collections',
] as const;

/** Everything around the loans of one customer: phones, links, the app, outside reports, campaigns, what became of the money, collection. */
export const surroundingRows = (book: Book, life: Life): CustomerRows => {
  const reports = externalReportRows(book, life);
  return {
    device_sightings: sightingRows(book, life),
    identifier_links: identifierRows(book, life),
    events: eventRows(book, life),
    external_reports: reports,
    ...bureauRows(book, reports),
    campaign_contacts: campaignRows(book, life),
    fund_flows: fundFlowRows(book, life),
    collections: collectionRows(book, life),
  };
};

/** Tables that know no customer and no time: `places` and `tac_brands`. */
export const referenceRows = (): CustomerRows => ({ places: placeRows(), tac_brands: tacBrandRows() });
