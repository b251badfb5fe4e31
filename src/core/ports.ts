/**
 * What the parts of the system ask of each other. Only `app.ts` knows which store is behind a port.
 * Read in this order the files are the specification of the data's way.
 */

export * from './ports/access.js';
export * from './ports/indicators.js';
export * from './ports/jobs.js';
export * from './ports/materialize.js';
export * from './ports/offline.js';
export * from './ports/online.js';
export * from './ports/process.js';
export * from './ports/scoring.js';
export * from './ports/serving.js';
export * from './ports/sources.js';
export * from './ports/training-sets.js';
