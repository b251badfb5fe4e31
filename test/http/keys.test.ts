import { createHash } from 'node:crypto';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeyStore } from '../../src/core/ports/access.js';
import { openKeyRing, parseKeys } from '../../src/http/keys.js';
import { type Database, openDatabase } from '../../src/ledgers/data-source.js';
import { createKeyStore } from '../../src/ledgers/key-store.js';
import { freshHome, quietLog } from '../support/homes.js';
import { type FreshStore, freshPostgresDatabase } from '../support/stores.js';

let postgres: FreshStore;
let database: Database;
let store: KeyStore;
let home: string;

beforeAll(async () => {
  postgres = await freshPostgresDatabase();
  database = await openDatabase({ url: postgres.url, log: quietLog });
  store = createKeyStore(database.dataSource);
  home = await freshHome();
});

afterAll(async () => {
  await database.close();
  await postgres.close();
  await rm(home, { recursive: true });
});

const open = (given?: string, at = home) =>
  openKeyRing({
    given: given === undefined ? undefined : parseKeys(given.split(','), 'RISKGRAPH_KEYS'),
    home: at,
    store,
    now: () => 0,
    log: quietLog,
  });
const fileKeys = async (): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await readFile(join(home, 'keys'), 'utf8'))
      .split('\n')
      .filter((line) => /^[a-z]/.test(line))
      .map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]),
  );

describe('generated keys', () => {
  it('are made at the first start: one of 256 bits a role, in one file of mode 600', async () => {
    const ring = await open();
    expect(ring.file).toBe(join(home, 'keys'));
    expect((await stat(join(home, 'keys'))).mode & 0o777).toBe(0o600);
    const keys = await fileKeys();
    expect(Object.keys(keys)).toEqual(['admin', 'ingest', 'modeler', 'decision', 'bi', 'investigator']);
    for (const [role, key] of Object.entries(keys)) {
      expect(Buffer.from(key, 'base64url')).toHaveLength(32);
      expect(ring.authenticate(`Bearer ${key}`)).toMatchObject({ role, name: role });
    }
  });

  it('leave their SHA-256 alone in Postgres', async () => {
    const keys = Object.values(await fileKeys());
    const held = JSON.stringify(await database.dataSource.query('SELECT * FROM api_key'));
    for (const key of keys) {
      expect(held).not.toContain(key);
      expect(held).toContain(createHash('sha256').update(key).digest('hex'));
    }
  });

  it('are the same at the second start, and work even where the file is gone', async () => {
    const before = await fileKeys();
    await open();
    expect(await fileKeys()).toEqual(before);
    const elsewhere = await freshHome();
    const ring = await open(undefined, elsewhere);
    expect(ring.file).toBeNull();
    expect(ring.authenticate(`Bearer ${before.admin}`)).toMatchObject({ role: 'admin' });
    await rm(elsewhere, { recursive: true });
  });

  it('take in a key that the operator adds to the file', async () => {
    const text = await readFile(join(home, 'keys'), 'utf8');
    await writeFile(join(home, 'keys'), `${text}bi:tableau=a-key-of-the-operator\n`);
    expect((await open()).authenticate('Bearer a-key-of-the-operator')).toMatchObject({ role: 'bi', name: 'tableau' });
  });
});

describe('a line that is replaced in the key file', () => {
  const rewrite = async (change: (text: string) => string): Promise<void> => {
    const path = join(home, 'keys');
    await writeFile(path, change(await readFile(path, 'utf8')));
  };

  it('revokes the old key at the next start, wherever it is tried, and lets the new one in', async () => {
    const { modeler: old, admin } = await fileKeys();
    await rewrite((text) => text.replace(`modeler=${old}`, 'modeler=the-new-key-of-modeler'));
    const elsewhere = await freshHome();
    for (const ring of [await open(), await open(), await open(undefined, elsewhere)]) {
      expect(ring.authenticate(`Bearer ${old}`)).toBeNull();
      expect(ring.authenticate('Bearer the-new-key-of-modeler')).toMatchObject({ role: 'modeler' });
      expect(ring.authenticate(`Bearer ${admin}`)).toMatchObject({ role: 'admin' });
    }
    await rm(elsewhere, { recursive: true });
  });

  it('changes what a key may do where only its role is replaced', async () => {
    await rewrite((text) => text.replace('modeler=the-new-key-of-modeler', 'bi:report=the-new-key-of-modeler'));
    const caller = (await open()).authenticate('Bearer the-new-key-of-modeler');
    expect(caller).toMatchObject({ role: 'bi', name: 'report' });
  });

  it('leaves stored keys alone where the environment gives the keys', async () => {
    const before = await store.all();
    await open('admin=the-first-key-of-admin');
    expect(await store.all()).toEqual(before);
  });
});

describe('keys of the environment', () => {
  it('are the only ones that work, so that a role without a key is closed', async () => {
    const generated = await fileKeys();
    const ring = await open('admin=the-first-key-of-admin,admin:backup=the-second-key-of-admin');
    expect(ring.authenticate('Bearer the-first-key-of-admin')).toMatchObject({ role: 'admin', name: 'admin' });
    expect(ring.authenticate('Bearer the-second-key-of-admin')).toMatchObject({ role: 'admin', name: 'backup' });
    expect(ring.authenticate(`Bearer ${generated.bi}`)).toBeNull();
  });

  it.each([undefined, '', 'the-first-key-of-admin', 'Basic the-first-key-of-admin', 'Bearer', 'Bearer wrong-key'])(
    'header %j is nobody',
    async (header) => {
      expect((await open('admin=the-first-key-of-admin')).authenticate(header)).toBeNull();
    },
  );

  it.each([
    ['a user', 'tableau:the-first-key-of-admin', true],
    ['no user', ':the-first-key-of-admin', true],
    ['the key as user', 'the-first-key-of-admin:', false],
    ['no colon', 'the-first-key-of-admin', false],
    ['another key', 'admin:the-second-key-of-admin', false],
    ['nothing', '', false],
  ])('are the password of basic auth only where that is accepted: with %s', async (_, sent, isKnown) => {
    const ring = await open('admin=the-first-key-of-admin');
    const header = `basic ${Buffer.from(sent).toString('base64')}`;
    expect(ring.authenticate(header, { basic: true })?.role).toBe(isKnown ? 'admin' : undefined);
    expect(ring.authenticate(header)).toBeNull();
  });

  it('that are not usable are all named by place, and never repeated', () => {
    const given = [
      'boss=some-long-secret-key',
      'admin',
      'bi=nineteen-characters',
      'modeler=twice-the-same-long-key',
      'decision=twice-the-same-long-key',
    ];
    const problem = (() => {
      try {
        return String(parseKeys(given, 'RISKGRAPH_KEYS'));
      } catch (error) {
        return String(error);
      }
    })();
    for (const words of [
      "entry 1: 'boss' is not a role",
      'entry 2 is not role=key',
      'entry 3: the key is shorter than 20 characters',
      'given twice',
    ]) {
      expect(problem).toContain(words);
    }
    expect(problem).not.toMatch(/some-long-secret-key|nineteen|twice-the-same-long-key/);
  });

  it('bind a key of role bi to rows, and say what is wrong with the words', async () => {
    const key = 'a-key-of-a-funding-partner';
    const rowsOf = async (entry: string) => {
      const [given] = parseKeys([entry], 'RISKGRAPH_KEYS');
      return (await open(entry)).authenticate(`Bearer ${given?.key}`);
    };
    expect(await rowsOf(`bi:partner[product=CASH|LINE;province=%E5%B9%BF%E4%B8%9C%7C%2C]=${key}`)).toMatchObject({
      name: 'partner',
      rows: [
        { dimension: 'product', values: ['CASH', 'LINE'] },
        { dimension: 'province', values: ['广东|,'] },
      ],
    });
    expect(await rowsOf(`bi[product=CASH]=${key}`)).toMatchObject({ name: 'bi', rows: [{ dimension: 'product' }] });
    expect(await rowsOf(`bi:partner=${key}`)).not.toHaveProperty('rows');
    for (const [entry, problem] of [
      [`admin:x[product=CASH]=${key}`, 'only a key of role bi is bound to rows'],
      [`bi:x[product]=${key}`, 'a name has no brackets'],
      [`bi:x[=CASH]=${key}`, 'its rows are not dimension=value'],
      [`bi:x[product=]=${key}`, 'its rows are not dimension=value'],
      [`bi:x[product=CASH|]=${key}`, 'an empty value'],
      [`bi:x[product=A;product=B]=${key}`, "name 'product' twice"],
      [`bi:x[product=%E5]=${key}`, 'percent-encoded'],
      [`bi:x[product=CASH=${key}`, 'a name has no brackets'],
    ] as const) {
      expect(() => parseKeys([entry], 'RISKGRAPH_KEYS'), entry).toThrow(problem);
    }
  });

  it('keep their rights to rows in Postgres, and give them up with a line that is written anew', async () => {
    const at = await freshHome();
    const key = 'a-key-of-a-partner-in-the-file';
    const line = `bi:partner[product=CASH]=${key}\n`;
    const rows = [{ dimension: 'product', values: ['CASH'] }];
    await writeFile(join(at, 'keys'), line, { mode: 0o600 });
    expect((await open(undefined, at)).authenticate(`Bearer ${key}`)).toMatchObject({ rows });
    await rm(join(at, 'keys'));
    expect((await open(undefined, at)).authenticate(`Bearer ${key}`)).toMatchObject({ rows });
    await writeFile(join(at, 'keys'), `bi:partner[product=LINE]=${key}\n`, { mode: 0o600 });
    expect((await open(undefined, at)).authenticate(`Bearer ${key}`)?.rows?.[0]?.values).toEqual(['LINE']);
    await rm(at, { recursive: true });
  });
});
