import { day, defineTable, instant, oneOf, opt, pii, probability, text } from 'riskgraph';

export default defineTable({
  description: 'A check of an identity document, with how well the face of the customer matched it.',
  key: ['check_id'],
  eventTime: 'checked_at',
  columns: {
    check_id: text('The id of the check'),
    customer_id: text('Who was checked'),
    checked_at: instant('When it was checked'),
    document_type: oneOf('The kind of document', ['ID_CARD', 'PASSPORT', 'DRIVING_LICENCE', 'RESIDENCE_PERMIT']),
    document_hash: pii(text('The number of the document, hashed')),
    expires_on: opt(day('The last day on which it is valid; NULL where it does not expire')),
    outcome: oneOf('How the check ended', ['PASSED', 'FAILED', 'UNREADABLE']),
    face_match: opt(probability('How alike face and document are; NULL where no face was taken', { unit: 'fraction' })),
  },
});
