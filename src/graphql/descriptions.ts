/** Sentences that several arguments and fields share, so that the console explains one thing in one way. */
/** What the bare name of a view means. */
const BARE_VIEW = "a bare name means its newest version, or, of a model's scores, the champion's.";
export const VIEW_NAME = `The feature view as name@version; ${BARE_VIEW}`;
export const VIEW_NAMES = `The feature views as name@version; ${BARE_VIEW}`;
export const VIEW_VERSION =
  "The version; without it, the newest applied version is returned, or, of a model's scores, the champion's.";
export const FEATURE_REFERENCES =
  'The features as view@version:feature; view@version means all features of the view. Give either service or features.';
export const SERVICE_REFERENCE = 'The feature service as name@version. Give either service or features.';
export const MODEL_REFERENCE = 'The model as name@version; a bare name means its champion.';
export const REQUEST_INPUTS =
  'The request inputs of on-demand features in columnar form, one value per row of entities: { requested_amount: ["5000.00", null] }.';
export const ENTITY_KEYS =
  'The entity keys in columnar form, one list per join key and all of equal length: { customer_id: ["C1", "C2"] }.';
export const FEATURE_TYPE =
  'The type: STRING, BOOLEAN, INT32, INT64, FLOAT32, FLOAT64, DECIMAL, DATE, TIMESTAMP or ARRAY<one of these>.';
export const MASKED_COLUMN =
  'Tells whether the caller reads masks in place of the values, or of an on-demand feature what its function answers where nothing personal is stored. A null mask has status NULL, whatever is stored.';
export const NEWEST_VERSION = 'The version; without it, the newest applied version is returned.';
export const FIRST_DAY = 'The first local day, included.';
export const LAST_DAY = 'The last local day, included.';
export const PAGE_SIZE = 'The most rows to return, 1 to 500.';
export const PAGE_BEFORE = 'The id of the last row of the previous page; the page after it is returned.';
export const STALE_TREATMENT = 'The treatment of STALE values.';
export const LINEAGE_ID =
  'The id: the name of a table or indicator, name@version, view@version:feature, or view@version:column for a request input.';
