import { defineFeatureView, float64, int32, sql } from 'riskgraph';
import { customer } from 'riskgraph/entities';

export default defineFeatureView({
  entity: customer,
  description: 'How the identity of a customer was checked so far.',
  owner: 'fraud-risk',
  schedule: { every: 'day', delay: '2h' },
  features: {
    failed_checks: int32({ unit: 'checks', description: 'Checks that failed' }),
    documents: int32({ unit: 'documents', description: 'Different documents that were shown' }),
    lowest_face_match: float64({
      unit: 'fraction',
      description: 'The least alike of all faces; NULL where none was taken',
    }),
  },
  query: ({ source }) => sql`
    SELECT customer_id,
      toInt32(countIf(outcome = 'FAILED')) AS failed_checks,
      toInt32(uniqExact(document_hash)) AS documents,
      min(face_match) AS lowest_face_match
    FROM ${source('identity_documents')}
    GROUP BY customer_id`,
});
