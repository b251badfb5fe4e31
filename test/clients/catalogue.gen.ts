/** The catalogue of a server, for `new Riskgraph<Catalogue>()`. `riskgraph codegen` writes this file: do not edit it. */
export interface Catalogue {
  entities: {
    /** A person */
    customer: 'customer_id';
    /** A person's phone * / */
    customer_device: 'customer_id' | 'device_id';
  };
  features: {
    /** A feature */
    'affordability@1:burden': { entity: 'customer'; type: 'FLOAT64'; request: { requested_amount: 'DECIMAL'; months: 'INT32' } };
    /** A feature */
    'affordability@1:share': { entity: 'customer'; type: 'FLOAT64'; request: { requested_amount: 'DECIMAL' } };
    /** A feature (CNY) */
    'profile@1:income': { entity: 'customer'; type: 'DECIMAL' };
    /** A feature */
    'profile@1:is_staff': { entity: 'customer'; type: 'BOOLEAN' };
    /** A feature */
    'profile@1:logins': { entity: 'customer'; type: 'INT64' };
    /** A feature */
    'profile@2:dpds': { entity: 'customer'; type: 'ARRAY<INT32>' };
    /** A feature */
    'profile@2:income': { entity: 'customer'; type: 'DECIMAL' };
    /** A feature */
    'sharing@1:customers': { entity: 'customer_device'; type: 'INT32' };
  };
  services: {
    /** For decisions */
    'decision@1':
      | 'profile@1:income'
      | 'affordability@1:burden';
    /** For collections */
    'watch@1': 'profile@2:dpds';
  };
  models: {
    /** Bad within a year. The champion when this was written: version 1. */
    score:
      | 'profile@2:income'
      | 'profile@2:dpds';
    /** Bad within a year. */
    'score@1':
      | 'profile@2:income'
      | 'profile@2:dpds';
    /** Bad within a year. */
    'score@2': 'affordability@1:share';
  };
  indicators: {
    /** Share */
    approval_rate: 'product' | 'province';
    /** Loans */
    new_loans: 'product' | 'channel';
  };
  labels:
      | 'bad@1'
      | 'bad@2';
}
