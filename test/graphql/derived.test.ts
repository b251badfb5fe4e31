/** Derived tables through the API: loan snapshots by their mutation and job, gangs as an investigator reads them, on a book that was imported. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from '../../src/core/ports/access.js';
import { type Api, startApi } from '../support/api.js';
import { middayClock } from '../support/clock.js';
import { ROOT } from '../support/views.js';

interface Job {
  readonly id: string;
  readonly state: string;
  readonly result: unknown;
}

const LATE_LOAN = [
  'loan_id,as_of,customer_id,product,status,restructured,dpd,principal_outstanding,overdue_principal,disbursed_on,principal',
  'LC,2026-02-20,C,P,OVERDUE,0,35,100.00,100.00,2026-01-15,100.00',
];

const FILES = {
  customers: ['customer_id,registered_at,birth_date,city', 'A,2026-01-01T09:00:00+08:00,1990-05-01,Chengdu'],
  applications: [
    'application_id,customer_id,kind,product,applied_at,amount,term_months',
    'APP1,B,CREDIT,P,2026-01-12T10:00:00+08:00,1000.00,6',
  ],
  // A gives its number, which B names; B and C use one phone. D and E live at one address.
  identifier_links: [
    'customer_id,identifier_type,identifier,seen_at',
    'A,PHONE,number,2026-01-10T09:00:00+08:00',
    'B,CONTACT_PHONE,number,2026-01-12T09:00:00+08:00',
    'B,DEVICE,handset,2026-01-12T09:00:00+08:00',
    'C,DEVICE,handset,2026-01-13T09:00:00+08:00',
    'D,ADDRESS,flat,2026-01-12T09:00:00+08:00',
    'E,ADDRESS,flat,2026-01-12T09:00:00+08:00',
  ],
  loans: [
    'loan_id,customer_id,product,disbursed_at,principal,term_months,annual_rate',
    'L1,C1,CASH_LINE,2026-01-10T09:00:00+08:00,200.00,2,0.24',
  ],
  installments: [
    'loan_id,installment_no,effective_at,customer_id,due_date,principal_due,interest_due',
    'L1,1,2026-01-10T09:00:00+08:00,C1,2026-02-10,100.00,4.00',
    'L1,2,2026-01-10T09:00:00+08:00,C1,2026-03-10,100.00,2.00',
  ],
  repayments: [
    'repayment_id,loan_id,customer_id,installment_no,paid_at,principal_paid,interest_paid',
    'R1,L1,C1,1,2026-02-12T20:00:00+08:00,100.00,4.00',
    'R2,L1,C1,2,2026-03-10T20:00:00+08:00,100.00,2.00',
  ],
};

let api: Api;
let worker: { close(): Promise<void> };

beforeAll(async () => {
  api = await startApi({ definitions: ROOT, clock: middayClock });
  worker = await api.app.services.queue.startWorker({ services: api.app.services.worker });
  for (const [table, lines] of Object.entries(FILES)) await load(`${table}?history=true`, lines);
});

afterAll(async () => {
  await worker.close();
  await api.close();
});

async function load(table: string, lines: readonly string[]): Promise<void> {
  const response = await api.fetch('ingest', `/import/${table}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: `${lines.join('\n')}\n`,
  });
  expect(await response.json()).toMatchObject({ accepted: lines.length - 1, rejected: 0 });
}

async function derived(mutation: string): Promise<Job> {
  const { data, errors } = await api.graphql<Record<string, Job>>('admin', `mutation { ${mutation} { id } }`);
  expect(errors).toEqual([]);
  const [{ id }] = Object.values(data ?? {}) as [Job];
  await api.jobEnded(id);
  const answer = await api.graphql<{ job: Job }>('admin', 'query($id: ID!) { job(id: $id) { id state result } }', {
    id,
  });
  return (answer.data as { job: Job }).job;
}

it('derives the loan-days of the book up to the day that is asked for, then the rest, then nothing', async () => {
  const first = await derived('deriveLoanSnapshots(through: "2026-02-11")');
  // 10 January to 11 February, the last of them one day late.
  expect(first).toMatchObject({
    state: 'COMPLETED',
    result: { loans: 1, rows: 33, changed: 0, through: '2026-02-11' },
  });
  const rest = await derived('deriveLoanSnapshots');
  // 12 February to the closing row of 10 March.
  expect(rest).toMatchObject({ state: 'COMPLETED', result: { loans: 1, rows: 27, changed: 0 } });
  expect(await derived('deriveLoanSnapshots')).toMatchObject({ state: 'COMPLETED', result: { rows: 0, changed: 0 } });
});

it('names what is wrong with a day that is none', async () => {
  const { errors } = await api.graphql('admin', 'mutation { deriveLoanSnapshots(through: "2026-02-31") { id } }');
  expect(errors[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
});

interface GangAnswer {
  readonly id: string;
  readonly size: number;
  readonly knownBad: number;
  readonly verdict: string;
  readonly members: readonly { readonly customerId: string }[];
  readonly links: readonly { readonly from: string; readonly identifierType: string; readonly identifier: string }[];
}

describe('gangs', () => {
  const ask = async <T>(query: string, role: Role = 'investigator'): Promise<T> => {
    const { data, errors } = await api.graphql<Record<string, T>>(role, query);
    expect(errors).toEqual([]);
    return Object.values(data ?? {})[0] as T;
  };
  const refused = async (query: string, role: Role = 'investigator') =>
    (await api.graphql(role, query)).errors[0]?.extensions.code;
  const GANG = '{ id size knownBad verdict members { customerId } links { from identifierType identifier } }';

  let gang: GangAnswer;
  beforeAll(async () => {
    await load('loan_snapshots?history=true', LATE_LOAN);
    const unwatched = { signal: new AbortController().signal, report: async () => undefined };
    await api.app.services.worker.gangs.derive({ through: '2026-02-18', now: middayClock() }, unwatched);
    await api.app.services.worker.gangs.derive({ now: middayClock() }, unwatched);
    [gang] = (await ask<GangAnswer[]>(`{ gangs ${GANG} }`)) as [GangAnswer];
  });

  it('lead from one customer to the whole ring, to each member and link, day by day', async () => {
    const [found] = await ask<
      (GangAnswer & { timeline: object[] })[]
    >(`{ gangs(filters: [{ dimension: "known_bad", op: GTE, values: ["1"] }], orderBy: "-bad_share") {
      id size firstSeen knownBad verdict timeline { size joined knownBad mergedFrom }
      members { customerId joinedAt knownBad distanceToBad applications } } }`);
    expect(found).toEqual({
      id: gang.id,
      size: 3,
      firstSeen: '2026-01-12T01:00:00.000Z',
      knownBad: 1,
      verdict: 'NONE',
      timeline: [
        { size: 3, joined: 3, knownBad: 0, mergedFrom: [] },
        { size: 3, joined: 0, knownBad: 1, mergedFrom: [] },
      ],
      members: [
        { customerId: 'A', joinedAt: '2026-01-12T01:00:00.000Z', knownBad: false, distanceToBad: 2, applications: 0 },
        { customerId: 'B', joinedAt: '2026-01-12T01:00:00.000Z', knownBad: false, distanceToBad: 1, applications: 1 },
        // Itself does not count.
        { customerId: 'C', joinedAt: '2026-01-13T01:00:00.000Z', knownBad: true, distanceToBad: null, applications: 0 },
      ],
    });
    expect(await ask(`{ gang(id: "${gang.id}", asOf: "2026-02-19T12:00:00Z") { knownBad } }`)).toEqual({ knownBad: 0 });
    expect(await ask('{ gang(id: "none") { id } }')).toBeNull();
    // A gang has a field for each view of it; none is applied here.
    const unapplied = await api.graphql('investigator', `{ gang(id: "${gang.id}") { gangProfile { members } } }`);
    expect(unapplied.errors).toMatchObject([{ message: 'feature view gang_profile@1 is not applied' }]);
    expect(await ask<object[]>('{ gangs(minSize: 2) { size } }')).toEqual([{ size: 3 }, { size: 2 }]);
    expect(await ask(`{ gangs(minSize: 2, before: "${gang.id}") { size } }`)).toEqual([{ size: 2 }]);
    expect(await refused('{ gangs(orderBy: "identifier") { id } }')).toBe('BAD_USER_INPUT');
  });

  it('say why two customers are linked, and who is near', async () => {
    const way = await ask<object[]>(
      '{ whyLinked(from: "A", to: "C") { from to identifierType identifier firstSeen weight } }',
      'admin',
    );
    expect(way).toEqual([
      {
        from: 'A',
        to: 'B',
        identifierType: 'PHONE',
        identifier: 'number',
        firstSeen: '2026-01-12T01:00:00.000Z',
        weight: 1,
      },
      {
        from: 'B',
        to: 'C',
        identifierType: 'DEVICE',
        identifier: 'handset',
        firstSeen: '2026-01-13T01:00:00.000Z',
        weight: 1,
      },
    ]);
    expect(await ask('{ whyLinked(from: "A", to: "D") { from } }')).toEqual([]);
    expect(await ask('{ neighbourhood(customer: "A", hops: 1) { truncated customers { customerId } } }')).toEqual({
      truncated: false,
      customers: [{ customerId: 'A' }, { customerId: 'B' }],
    });
    // Before C was there.
    expect(await ask('{ whyLinked(from: "A", to: "C", asOf: "2026-01-12T12:00:00Z") { from } }')).toEqual([]);
  });

  it('count a link as soon as it is imported', async () => {
    expect(await ask('{ gangOf(customer: "F") { id } }')).toBeNull();
    const seen = new Date(middayClock() - 60_000).toISOString();
    await load('identifier_links', [
      'customer_id,identifier_type,identifier,seen_at',
      `F,CONTACT_PHONE,number,${seen}`,
    ]);
    expect(await ask('{ gangOf(customer: "F") { id size knownBad members { customerId distanceToBad } } }')).toEqual({
      id: gang.id,
      size: 4,
      knownBad: 1,
      members: expect.arrayContaining([{ customerId: 'F', distanceToBad: 2 }]),
    });
  });

  it('are judged with a note, which becomes their verdict and a label', async () => {
    const judge = (verdict: string, note: string) =>
      `mutation { judgeGang(id: "${gang.id}", verdict: ${verdict}, note: "${note}") { verdict } }`;
    expect(await refused(judge('CONFIRMED', ''))).toBe('BAD_USER_INPUT');
    expect(await refused('mutation { judgeGang(id: "none", verdict: WATCH, note: "seen at one door") { id } }')).toBe(
      'NOT_FOUND',
    );
    expect(await refused(judge('CONFIRMED', 'seen at one door'), 'modeler')).toBe('FORBIDDEN');
    expect(await ask(judge('CONFIRMED', 'seen at one door'))).toEqual({ verdict: 'CONFIRMED' });
    expect(await ask('{ gangs(verdict: CONFIRMED) { verdict } }')).toEqual([{ verdict: 'CONFIRMED' }]);
    const { data } = await api.graphql<{ tables: { name: string; rows: number }[] }>(
      'admin',
      '{ tables { name rows } }',
    );
    expect(data?.tables).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'labels', rows: 1 })]));
  });

  it('are files for a case: members with what ties them, identifiers masked but for an admin, and each download in the audit log', async () => {
    const path = `/gangs/${gang.id}/case`;
    const seen = (day: number) => `2026-01-${day}T01:00:00.000Z`;
    const csv = await api.fetch('investigator', `${path}.csv`);
    expect(csv.headers.get('content-disposition')).toContain(`case-${gang.id}-`);
    const [header, ...lines] = (await csv.text()).trimEnd().split('\r\n');
    expect(header).toBe(
      'gang_id,customer_id,joined_at,known_bad,distance_to_bad,applications,identifier_type,identifier,members_on_identifier,first_seen,last_seen,weight',
    );
    // Three customers share the number, one of whom no derived day has seen: 1 / log2(3).
    const masked = lines.map((line) => line.replace(`${gang.id},`, '').replace(/[0-9a-f]{32}/, 'mask'));
    expect(masked).toEqual([
      `A,${seen(12)},false,2,0,PHONE,mask,2,${seen(10)},${seen(10)},0.6309297535714575`,
      `B,${seen(12)},false,1,1,DEVICE,mask,2,${seen(12)},${seen(12)},1`,
      `B,${seen(12)},false,1,1,PHONE,mask,2,${seen(12)},${seen(12)},0.6309297535714575`,
      `C,${seen(13)},true,,0,DEVICE,mask,2,${seen(13)},${seen(13)},1`,
    ]);
    const json = await api.fetch('admin', `${path}.json?asOf=2026-02-19T12:00:00Z`).then((answer) => answer.json());
    expect(json).toMatchObject({
      gang: {
        id: gang.id,
        asOf: '2026-02-19T12:00:00.000Z',
        size: 3,
        firstSeen: seen(12),
        knownBad: 0,
        verdict: 'NONE',
      },
      identifiersMasked: false,
      members: [
        { customerId: 'A', joinedAt: seen(12), knownBad: false, distanceToBad: null, applications: 0 },
        { customerId: 'B', applications: 1 },
        { customerId: 'C' },
      ],
      evidence: [
        {
          identifierType: 'DEVICE',
          identifier: 'handset',
          weight: 1,
          customers: [{ customerId: 'B' }, { customerId: 'C' }],
        },
        {
          identifierType: 'PHONE',
          identifier: 'number',
          weight: 1,
          customers: [{ customerId: 'A', firstSeen: seen(10), lastSeen: seen(10) }, { customerId: 'B' }],
        },
      ],
      timeline: [{ date: '2026-02-18', size: 3, joined: 3, knownBad: 0, mergedFrom: [] }],
      verdicts: [],
    });
    const judged = await api.fetch('investigator', `${path}.json`).then((answer) => answer.json());
    expect(judged).toMatchObject({
      gang: { verdict: 'CONFIRMED' },
      identifiersMasked: true,
      verdicts: [{ verdict: 'CONFIRMED', note: 'seen at one door', until: null }],
    });
    for (const [role, file, status] of [
      ['modeler', `${path}.csv`, 403],
      ['investigator', '/gangs/none/case.json', 404],
      ['investigator', `${path}.csv?asOf=2999-01-01T00:00:00Z`, 400],
    ] as const) {
      expect((await api.fetch(role, file)).status).toBe(status);
    }
    const kept = await api.app.services.api.audit.list(500);
    expect(kept.filter(({ action }) => action === 'GET /gangs/:id/case.csv')[0]?.details).toMatchObject({
      parameters: { id: gang.id },
    });
  });

  it('show identifiers by their masks, by which one can be trusted', async () => {
    const links = await ask<GangAnswer>(`{ gang(id: "${gang.id}") ${GANG} }`).then((found) => found.links);
    const handset = links.find(({ identifierType }) => identifierType === 'DEVICE');
    expect(handset?.identifier).toMatch(/^[0-9a-f]{32}$/);
    const trust = (identifier: string) =>
      `mutation { trustIdentifier(type: "DEVICE", identifier: "${identifier}", reason: "the phone of a shop") }`;
    expect(await refused(trust('unheard of'))).toBe('NOT_FOUND');
    expect(await ask(trust(handset?.identifier as string))).toBe(true);
    expect(await ask('{ whyLinked(from: "A", to: "C") { from } }')).toEqual([]);
    expect(await ask('{ gangOf(customer: "C") { id } }')).toBeNull();
  });

  it('reveal a personal value with a reason, which the audit log keeps', async () => {
    const reveal = (columns: string, reason: string) =>
      `mutation { reveal(customer: "A", columns: ${columns}, reason: "${reason}") }`;
    expect(await refused(reveal('["city"]', ' '))).toBe('BAD_USER_INPUT');
    expect(await refused(reveal('["password"]', 'case 12'))).toBe('BAD_USER_INPUT');
    expect(await ask(reveal('["birth_date", "city"]', 'case 12'))).toEqual({
      birth_date: '1990-05-01',
      city: 'Chengdu',
    });
    const kept = (await api.app.services.api.audit.list(500)).filter(({ action }) => action === 'Mutation.reveal');
    expect(JSON.stringify(kept[0]?.details)).toContain('case 12');
    expect(JSON.stringify(kept)).not.toContain('Chengdu');
    expect(kept[0]?.details).toMatchObject({ arguments: { customer: '1 value' } });
    // An identifier that was given in clear would be in the log for ever.
    const trusts = (await api.app.services.api.audit.list(500)).filter(
      ({ action }) => action === 'Mutation.trustIdentifier',
    );
    expect(trusts[0]?.details).toMatchObject({ arguments: { identifier: '1 value', reason: 'the phone of a shop' } });
  });

  it('are found by how their members are decided and how they pay first', async () => {
    await load('applications?history=true', [
      'application_id,customer_id,kind,product,applied_at,amount,term_months,decision,decided_at',
      'APP2,A,CREDIT,P,2026-02-20T10:00:00+08:00,1000.00,6,DECLINED,2026-02-21T10:00:00+08:00',
      'APP3,C,CREDIT,P,2026-02-20T10:00:00+08:00,1000.00,6,APPROVED,2026-02-21T10:00:00+08:00',
      'APP4,D,CREDIT,P,2026-02-20T10:00:00+08:00,1000.00,6,APPROVED,2026-02-21T10:00:00+08:00',
    ]);
    await load('installments?history=true', [
      'loan_id,installment_no,effective_at,customer_id,due_date,principal_due,interest_due',
      ...['A', 'B', 'D'].map((who) => `L${who},1,2026-01-15T09:00:00+08:00,${who},2026-02-15,100.00,4.00`),
      // Its first instalment is due for three days.
      'LC,1,2026-01-15T09:00:00+08:00,C,2026-03-12,100.00,4.00',
    ]);
    await load('loan_snapshots?history=true', [
      LATE_LOAN[0] as string,
      'LA,2026-02-22,A,P,CURRENT,0,0,100.00,0.00,2026-01-15,100.00',
      'LB,2026-02-22,B,P,OVERDUE,0,7,100.00,100.00,2026-01-15,100.00',
      'LD,2026-02-22,D,P,OVERDUE,0,6,100.00,100.00,2026-01-15,100.00',
    ]);
    const found = (filter: string, order: string) =>
      ask<object[]>(
        `{ gangs(asOf: "2026-03-15T12:00:00Z", minSize: 2, orderBy: "${order}", filters: [${filter}]) { size } }`,
      );
    const where = (dimension: string, op: string, value: string) =>
      `{ dimension: "${dimension}", op: ${op}, values: ["${value}"] }`;
    // Of A, B and C two are judged, one of whom paid nothing within seven days; of D and E one, who was late for six.
    expect(await found(where('matured_members', 'GTE', '1'), '-fpd7_rate')).toEqual([{ size: 3 }, { size: 2 }]);
    expect(await found(where('fpd7_rate', 'EQ', '0.5'), 'size')).toEqual([{ size: 3 }]);
    expect(await found(where('matured_members', 'EQ', '2'), 'size')).toEqual([{ size: 3 }]);
    expect(await found(where('approval_rate_90d', 'EQ', '0.5'), 'size')).toEqual([{ size: 3 }]);
    expect(await found(where('approval_rate_90d', 'EQ', '1'), 'size')).toEqual([{ size: 2 }]);
  });
});
