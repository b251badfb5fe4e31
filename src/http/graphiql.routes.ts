import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { notFound } from '../core/errors.js';
import { htmlPage, sendPage } from './page.js';
import { OPEN } from './route-access.js';

const require = createRequire(import.meta.url);

/** A file of an installed package, beside its package.json: `exports` names no such files. */
const packaged = (manifest: string, path: string) => (): Promise<string> =>
  readFile(join(dirname(manifest), path), 'utf8');

const REACT = require.resolve('react/package.json');
const REACT_DOM = require.resolve('react-dom/package.json');
const GRAPHIQL = require.resolve('graphiql/package.json');

const PAGE = htmlPage({
  head: `    <link rel="stylesheet" href="/graphiql/graphiql.css" />
    <link rel="stylesheet" href="/graphiql/page.css" />`,
  body: `    <p id="key">Put a key into <b>Headers</b>, below the query, after “Bearer ”; then press “Re-fetch GraphQL schema” at the left. Generated keys
      are in the file <code>keys</code> of the server’s home (<code>.riskgraph/keys</code>).</p>
    <div id="graphiql">Loading…</div>
    <script src="/graphiql/react.js"></script>
    <script src="/graphiql/react-dom.js"></script>
    <script src="/graphiql/graphiql.js"></script>
    <script src="/graphiql/page.js"></script>`,
});

const PAGE_CSS = `html, body { height: 100%; margin: 0; }
body { display: flex; flex-direction: column; }
#key { font: 14px/1.4 system-ui, sans-serif; margin: 0; padding: .5rem 1rem; background: #fff3cd; color: #4d3b00; }
#key[hidden] { display: none; }
#graphiql { flex: 1; min-height: 0; }
`;

/** The key is typed into the headers editor and stays in the page: it is never stored. The note about it leaves once a key is taken. */
const PAGE_SCRIPT = `const fetcher = async (request, options = {}) => {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', ...options.headers },
    body: JSON.stringify(request),
  });
  document.getElementById('key').hidden = response.status !== 401;
  return response.json();
};
const asked = new URLSearchParams(location.search).get('query');
ReactDOM.createRoot(document.getElementById('graphiql')).render(
  React.createElement(GraphiQL, {
    fetcher,
    query: asked ?? undefined,
    shouldPersistHeaders: false,
    defaultEditorToolsVisibility: 'headers',
    defaultHeaders: '{ "Authorization": "Bearer " }',
    defaultQuery: '{\\n  featureViews {\\n    name\\n    version\\n    description\\n  }\\n}\\n',
  }),
);
`;

const JAVASCRIPT = 'text/javascript; charset=utf-8';
const CSS = 'text/css; charset=utf-8';

const ASSETS: Readonly<Record<string, { readonly type: string; readonly content: () => Promise<string> | string }>> = {
  'page.js': { type: JAVASCRIPT, content: () => PAGE_SCRIPT },
  'page.css': { type: CSS, content: () => PAGE_CSS },
  'react.js': { type: JAVASCRIPT, content: packaged(REACT, 'umd/react.production.min.js') },
  'react-dom.js': { type: JAVASCRIPT, content: packaged(REACT_DOM, 'umd/react-dom.production.min.js') },
  'graphiql.js': { type: JAVASCRIPT, content: packaged(GRAPHIQL, 'graphiql.min.js') },
  'graphiql.css': { type: CSS, content: packaged(GRAPHIQL, 'graphiql.min.css') },
};

/** GraphiQL from this server alone: it works without a network and loads nothing from elsewhere. The page is static; its queries need a key. */
export function registerGraphiql(server: FastifyInstance): void {
  // The page reads its first query from there.
  const page = { config: { ...OPEN.config, query: ['query'] } };
  server.get('/graphiql', page, async (_request, reply) => sendPage(reply, PAGE));
  server.get<{ Params: { '*': string } }>('/graphiql/*', OPEN, async ({ params }, reply) => {
    const asset = Object.hasOwn(ASSETS, params['*']) ? ASSETS[params['*']] : undefined;
    if (!asset) throw notFound('GraphiQL has no such file', 'open /graphiql');
    return reply
      .type(asset.type)
      .header('cache-control', 'public, max-age=3600')
      .send(await asset.content());
  });
}
