import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { Client, findKey } from './client.js';
import { type CommandContext, jsonOption } from './context.js';
import { bytesText, type OutputOptions, print, table } from './output.js';
import { WAITS, type Waits, waitWords } from './waits.js';

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly found: string;
  readonly advice: string;
}

const finding = (check: string, ok: boolean, found: string, advice = ''): Finding => ({
  check,
  ok,
  found,
  advice: ok ? '' : advice,
});

async function checkHome(home: string): Promise<Finding> {
  const status = await stat(home).catch(() => undefined);
  if (!status) return finding('home', true, `${home} is not there yet; the first start makes it`);
  const mode = (status.mode & 0o777).toString(8);
  const writable = await access(home, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!writable) return finding('home', false, `${home} cannot be written`, 'fix its owner, or set RISKGRAPH_HOME');
  return finding('home', mode === '700', `${home}, mode ${mode}`, `chmod 700 ${home}`);
}

interface Readiness {
  readonly stores: Readonly<Record<string, { readonly ok: boolean; readonly ms: number }>>;
  readonly duties: Readonly<Record<string, { readonly ok: boolean; readonly reason: string | null }>>;
  readonly worker: { readonly ok: boolean; readonly reason: string | null };
}

async function checkServer(url: string): Promise<Finding[]> {
  const response = await fetch(new URL('/readyz', url)).catch(() => undefined);
  if (!response)
    return [finding('server', false, `nothing answers at ${url}`, 'start it with `npm start`, or set RISKGRAPH_URL')];
  const { stores, duties, worker } = (await response.json()) as Readiness;
  return [
    finding('server', true, url),
    ...Object.entries(stores).map(([name, { ok, ms }]) =>
      finding(name, ok, ok ? `answers in ${ms} ms` : 'does not answer', `look at the log of ${name}`),
    ),
    ...Object.entries(duties).map(([name, { ok, reason }]) =>
      finding(name, ok, reason ?? 'can be done', 'look at the stores that it needs'),
    ),
    finding('worker', worker.ok, worker.reason ?? 'makes progress', 'look at the log of the worker'),
  ];
}

async function checkViews(context: CommandContext): Promise<Finding[]> {
  const client = new Client({
    url: context.client.url,
    key: await findKey({ key: context.client.key, home: context.home }),
  });
  const { freshness } = await client.graphql<{
    freshness: readonly (Waits & { view: string; lastEventTime: string | null; stale: boolean; keys: number })[];
  }>(`{ freshness { view lastEventTime stale keys ${WAITS} } }`);
  return freshness.map(({ view, lastEventTime, stale, keys, ...rest }) =>
    finding(
      view,
      !stale,
      [`${keys} keys, newest as of ${lastEventTime ?? 'never'}`, ...waitWords(rest)].join('; '),
      `run \`npx riskgraph materialize --views ${view}\``,
    ),
  );
}

interface Table {
  readonly name: string;
  readonly completeThrough: string | null;
  readonly completeDue: string | null;
}

/** The tables of which a day is marked, or promised. */
async function checkTables(context: CommandContext): Promise<Finding[]> {
  const client = new Client({
    url: context.client.url,
    key: await findKey({ key: context.client.key, home: context.home }),
  });
  const { tables } = await client.graphql<{ tables: readonly Table[] }>(
    '{ tables { name completeThrough completeDue } }',
  );
  return tables
    .filter(({ completeThrough, completeDue }) => completeThrough !== null || completeDue !== null)
    .map(({ name, completeThrough, completeDue }) => {
      const whole = completeThrough === null ? 'no day is whole' : `whole through ${completeThrough}`;
      const isBehind = completeDue !== null && (completeThrough === null || completeThrough < completeDue);
      return finding(
        name,
        !isBehind,
        isBehind ? `${whole}, and ${completeDue} is due` : whole,
        `import its rows, then \`npx riskgraph mark-complete ${name} ${completeDue}\``,
      );
    });
}

interface Registry {
  readonly changes: readonly unknown[];
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly prunable: readonly { readonly view: string; readonly rows: number; readonly bytes: number }[];
}

async function checkDefinitions(context: CommandContext): Promise<Finding[]> {
  const client = new Client({
    url: context.client.url,
    key: await findKey({ key: context.client.key, home: context.home }),
  });
  const { planRegistry } = await client.graphql<{ planRegistry: Registry }>(
    'mutation { planRegistry(costs: false) { changes { name } problems warnings prunable { view rows bytes } } }',
  );
  const { changes, problems, warnings, prunable } = planRegistry;
  const found =
    changes.length === 0 ? 'what is in the files is what is applied' : `${changes.length} changes are not applied`;
  return [
    finding(
      'definitions',
      problems.length === 0,
      problems.length === 0 ? found : problems.join('; '),
      'look at `npx riskgraph plan`',
    ),
    ...warnings.map((warning) => finding('attached table', false, warning, 'look at that table in its own database')),
    // Nothing is wrong with them: their history may be wanted again.
    ...prunable.map(({ view, rows, bytes }) =>
      finding(
        `retired ${view}`,
        true,
        `${rows} rows of history, ${bytesText(bytes)}; \`npx riskgraph prune ${view}\` drops them`,
      ),
    ),
  ];
}

interface AuditCheck {
  readonly entries: number;
  readonly newest: string;
  readonly faults: readonly string[];
  readonly role: string;
  readonly excess: string | null;
}

async function checkAudit(context: CommandContext): Promise<Finding[]> {
  const client = new Client({
    url: context.client.url,
    key: await findKey({ key: context.client.key, home: context.home }),
  });
  const { auditCheck } = await client.graphql<{ auditCheck: AuditCheck }>(
    '{ auditCheck { entries newest faults role excess } }',
  );
  const { entries, newest, faults, role, excess } = auditCheck;
  return [
    finding(
      'audit log',
      faults.length === 0,
      faults.length === 0 ? `${entries} entries in one chain, newest ${newest.slice(0, 16)}` : faults.join('; '),
      'find out who can write to Postgres; docs/audit.md says what the chain proves',
    ),
    finding(
      'audit role',
      excess === null,
      excess ?? `${role} may read and append, no more`,
      'give the server a role of its own: docs/audit.md has the statements',
    ),
  ];
}

export function addDoctorCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('doctor')
    .description(
      'look for what is wrong here: home, server, stores, duties, worker, audit log, whole days of tables, freshness of views',
    )
    .addOption(jsonOption())
    .action(async () => {
      const server = await checkServer(context.client.url);
      const views = server[0]?.ok
        ? await checkViews(context).catch((cause: Error) => [
            finding('views', false, cause.message, 'set RISKGRAPH_KEY to an admin or modeler key'),
          ])
        : [];
      const tables = server[0]?.ok
        ? await checkTables(context).catch((cause: Error) => [
            finding('tables', true, `not looked at: ${cause.message}`),
          ])
        : [];
      const definitions = server[0]?.ok
        ? await checkDefinitions(context).catch((cause: Error) => [
            finding('definitions', true, `not looked at: ${cause.message}`),
          ])
        : [];
      const audit = server[0]?.ok
        ? await checkAudit(context).catch((cause: Error) => [
            finding('audit log', true, `not looked at: ${cause.message}`),
          ])
        : [];
      const findings = [await checkHome(context.home), ...server, ...audit, ...definitions, ...tables, ...views];
      print(findings, command.opts<OutputOptions>(), () =>
        table(
          ['', 'check', 'found', 'do'],
          findings.map(({ ok, check, found, advice }) => [ok ? 'ok' : 'BAD', check, found, advice]),
        ),
      );
      if (findings.some(({ ok }) => !ok)) process.exitCode = 1;
    });
}
