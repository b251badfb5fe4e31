import { expect, it } from 'vitest';
import * as contracts from '../../src/core/ports/job-contracts.js';
import { loadRegistry } from '../../src/registry/load.js';
import { ROOT } from '../support/views.js';

it('every job that the API enqueues has a file, which takes the payload of its contract', async () => {
  const { jobs } = await loadRegistry({ root: ROOT });
  for (const contract of Object.values(contracts)) {
    expect(jobs.get(contract.name)).toMatchObject({ file: `jobs/${contract.name}.ts`, payload: contract.payload });
  }
});
