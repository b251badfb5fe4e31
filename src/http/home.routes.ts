import type { FastifyInstance } from 'fastify';
import { escapeHtml, htmlPage, sendPage } from './page.js';
import { OPEN } from './route-access.js';

interface Start {
  readonly user: string;
  readonly does: string;
  /** Opens in GraphiQL. */
  readonly query: string;
  readonly next: string;
}

/** A first step for each kind of user; each query works on a server of any definitions. */
export const STARTS: readonly Start[] = [
  {
    user: 'Modeler',
    does: 'finds features, reads them at a point in time, builds training sets',
    query: `{
  features(search: "days past due") {
    reference
    feature { type unit description }
  }
}`,
    next: 'then historicalFeatures, createTrainingSet',
  },
  {
    user: 'Decision service',
    does: 'reads online features and scores',
    query: `{
  featureServices { name version features }
  models { name version entity features }
}`,
    next: 'then onlineFeatures, score',
  },
  {
    user: 'Analyst',
    does: 'reads indicators as tables, or as files of CSV, JSON and Parquet',
    query: `{
  indicators { name unit description dimensions }
}`,
    next: 'then indicatorTable, or GET /indicators.csv?names=…&by=…&grain=MONTH&from=…&to=…',
  },
  {
    user: 'Fraud investigator',
    does: 'finds gangs, those with most members known bad first',
    query: `{
  gangs(orderBy: "-bad_share", limit: 5) {
    id size knownBad
    members(limit: 3) { customerId distanceToBad }
  }
}`,
    next: 'then gang, whyLinked, neighbourhood, judgeGang',
  },
  {
    user: 'Operator',
    does: 'sees what runs, what is late and what failed',
    query: `{
  freshness { view keys lastEventTime stale }
  jobs(state: FAILED) { id name createdAt error }
}`,
    next: 'then /readyz, /metrics, and npx riskgraph doctor',
  },
];

const startOf = ({ user, does, query, next }: Start): string =>
  `<section><h2>${user}</h2><p>${escapeHtml(does)}</p>
      <p><a href="/graphiql?query=${encodeURIComponent(query)}">Open a first query</a>, ${escapeHtml(next)}</p></section>`;

const PAGE = htmlPage({
  head: `    <style>
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1c2733; }
      h1 { margin-bottom: 0; } h2 { font-size: 1.1rem; margin: 1.4rem 0 0; } p { margin: .2rem 0; }
      code { background: #eef1f4; padding: 0 .3em; } a { color: #0b5cad; }
      @media (prefers-color-scheme: dark) { body { background: #14181d; color: #e4e8ec; } code { background: #262d35; } a { color: #7db9f5; } }
    </style>`,
  body: `    <h1>Riskgraph</h1>
    <p>One GraphQL API over a lender’s features, scores and indicators.</p>
    <p>Every call needs a key: send <code>Authorization: Bearer &lt;key&gt;</code>. Where the server made its keys itself, they are in the file
      <code>keys</code> of its home, one <code>role=key</code> a line (<code>.riskgraph/keys</code> by default).</p>
    ${STARTS.map(startOf).join('\n    ')}
    <section><h2>Everybody</h2>
      <p><a href="/graphiql">GraphiQL</a> documents every operation; <a href="/readyz">/readyz</a> says what this server can do now;
      <code>npx riskgraph --help</code> lists the commands;
      <code>docs/tables.md</code> of the package, and <code>tables.md</code> of a project, say what each source table holds.</p></section>`,
});

/** The page at `/`: a first step for each kind of user. It is static and shows nothing of this server's data. */
export function registerHome(server: FastifyInstance): void {
  server.get('/', OPEN, async (_request, reply) => sendPage(reply, PAGE));
}
