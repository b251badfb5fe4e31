/** The source tables that the product ships. */
import { fileURLToPath } from 'node:url';
import { loadTables } from '../../src/registry/load.js';

export const TABLES = await loadTables({ root: fileURLToPath(new URL('../../', import.meta.url)) });
