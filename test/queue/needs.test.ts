import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineJob } from '../../src/core/definitions/define.js';
import { checkNeeds, servicesFor } from '../../src/queue/needs.js';
import { catalogueOf, jobsOf } from './jobs-of.js';

const common = { description: 'x', concurrency: 1, payload: z.object({}), run: async () => null };
const jobs = jobsOf({
  looks: defineJob({ ...common, needs: ['catalogue'] }),
  sweeps: defineJob({ ...common, needs: ['catalogue', 'online', 'offline'] }),
  idles: defineJob(common),
});

test('a worker whose services do not meet every need says so for all jobs at once', () => {
  expect(() => checkNeeds(jobs.values(), { catalogue: catalogueOf([]) })).toThrow(
    expect.objectContaining({
      code: 'BAD_USER_INPUT',
      message:
        "2 problems with what jobs need:\n- jobs/sweeps.ts needs 'online', which this process does not provide\n- jobs/sweeps.ts needs 'offline', which this process does not provide",
      hint: 'a job may need catalogue; provide another service in src/app.ts',
    }),
  );
});

test('a job that needs what is there, or nothing, is no problem', () => {
  expect(() => checkNeeds([...jobs.values()].slice(0, 1), { catalogue: catalogueOf([]) })).not.toThrow();
  expect(() => checkNeeds([...jobs.values()].slice(2), {})).not.toThrow();
});

test('a job is given exactly the services that it names', () => {
  const services = { catalogue: catalogueOf([]), profiles: undefined };
  const [looks, , idles] = [...jobs.values()];
  expect(looks && servicesFor(looks, services)).toEqual({ catalogue: services.catalogue });
  expect(idles && servicesFor(idles, services)).toEqual({});
});
