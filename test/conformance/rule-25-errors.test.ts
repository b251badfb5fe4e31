/** Rule 25. Bad requests over GraphQL and HTTP: each is answered with its code, what was wrong and what to do, and nothing of what is inside. */
import { expect } from 'vitest';
import type { Role } from '../../src/core/ports/access.js';
import { type Api, startApi } from '../support/api.js';
import { quietLog } from '../support/homes.js';
import { AWAY, GRAPHQL, HTTP, type OverGraphql, type OverHttp, post, type Refused } from './bad-requests.js';
import { defineRule, shared } from './conformance.js';

/** What no answer may show: stacks, files, statements, addresses, tables and messages of the stores, keys. */
const INSIDE =
  /node_modules|\.[tj]s\b|\n\s+at |stack|\/(tmp|home|root|work|usr|var)\/|DB::|ECONN|127\.0\.0\.1|relation "|\b(history|state|stage)_\w+_v\d|SELECT .* FROM (published|history|state)|key-of-role|secret/i;

interface World {
  readonly api: Api;
  close(): Promise<void>;
}

const world = shared(async (): Promise<World> => {
  const api = await startApi({
    http: ({ services }) => ({
      services: {
        ...services.api,
        // A fault as a driver would tell it, with all that must stay inside.
        freshness: () => Promise.reject(new Error('DB::Exception in /work/secret.ts: SELECT * FROM history_x_v1')),
      },
      log: { ...quietLog, error: () => undefined },
    }),
  });
  await api.graphql('admin', 'mutation { applyRegistry { problems } }');
  return { api, close: () => api.close() };
});

interface PublicError {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly requestId: string;
}

const REQUEST_ID = 'conformance-25';

async function send({ api }: World, as: Refused['as'], path: string, init: RequestInit = {}) {
  const key: Record<string, string> = typeof as === 'string' && as.startsWith('Bearer ') ? { authorization: as } : {};
  const headers = { ...init.headers, ...key, 'x-request-id': REQUEST_ID };
  const role = as === undefined ? 'admin' : as === null || as.startsWith('Bearer ') ? null : (as as Role);
  const response = await api.fetch(role, path, { ...init, headers });
  return { status: response.status, text: await response.text() };
}

function expectTold(error: PublicError | undefined, text: string, { code, says }: Refused): void {
  expect(error).toMatchObject({ code, requestId: REQUEST_ID });
  const told = `${error?.message}\n${error?.hint}`;
  for (const words of says) expect(told).toMatch(words);
  expect(error?.message).toMatch(/\S/);
  expect(error?.hint).toMatch(/\S/);
  expect(text).not.toMatch(INSIDE);
}

type GraphqlBody = { readonly errors?: readonly { message: string; extensions: Omit<PublicError, 'message'> }[] };
const firstOf = (text: string): PublicError | undefined => {
  const [error] = (JSON.parse(text) as GraphqlBody).errors ?? [];
  return error && { message: error.message, ...error.extensions };
};

defineRule<OverGraphql, World>(
  {
    rule: 25,
    open: world,
    async check(each, opened) {
      const { as, asks, variables = {}, status = 200 } = each;
      const answer = await send(opened, as, '/graphql', post(JSON.stringify({ query: asks, variables })));
      expectTold(firstOf(answer.text), answer.text, each);
      expect(answer.status).toBe(status);
    },
  },
  GRAPHQL,
);

defineRule<OverHttp, World>(
  {
    rule: 25,
    open: world,
    async check(each, opened) {
      const { as, path, init, status } = each;
      const answer = await send(opened, as, path, init);
      const error =
        path === '/graphql' ? firstOf(answer.text) : (JSON.parse(answer.text) as { error: PublicError }).error;
      expectTold(error, answer.text, each);
      expect(answer.status).toBe(status);
    },
  },
  HTTP,
);

defineRule<OverGraphql, World>(
  {
    rule: 25,
    open: async () => {
      const opened = await world();
      await opened.api.lose('postgres');
      return opened;
    },
    async check(each, opened) {
      const answer = await send(opened, each.as, '/graphql', post(JSON.stringify({ query: each.asks })));
      expectTold(firstOf(answer.text), answer.text, each);
    },
  },
  AWAY,
);
