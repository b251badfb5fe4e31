import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RiskgraphError } from '../core/errors.js';
import { type Caller, type KeyStore, ROLES, type Role, type StoredKey } from '../core/ports/access.js';
import type { Clock, Log } from '../core/ports/process.js';
import { parseRowRights } from './row-rights.js';

interface HeldKey {
  readonly sha256: Buffer;
  readonly caller: Caller;
}

/** Finds the caller of a key. It holds hashes, never keys. */
export interface KeyRing {
  /**
   * Returns null without a key, for a malformed header and for an unknown key; it takes the same time for every key. With `basic` the key may be
   * the password of basic auth, too.
   */
  authenticate(authorization: string | undefined, accepted?: { readonly basic: boolean }): Caller | null;
  /** Says where the operator finds generated keys; null where the keys were configured. */
  readonly file: string | null;
}

const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text);
const sha256 = (key: string): Buffer => createHash('sha256').update(key).digest();

const heldKey = (hash: Buffer, { role, name, rows }: Omit<GivenKey, 'key'>): HeldKey => ({
  sha256: hash,
  caller: Object.freeze({
    role,
    name,
    keyId: hash.toString('hex').slice(0, 16),
    ...(rows == null ? {} : { rows: parseRowRights(rows) }),
  }),
});

const givenKey = ({ key, ...entry }: GivenKey): HeldKey => heldKey(sha256(key), entry);
const storedKey = ({ sha256, ...entry }: StoredKey): HeldKey => heldKey(Buffer.from(sha256, 'hex'), entry);

const ENTRY = /^([a-z]+)(?::([^=\s,]{1,64}?))?(?:\[([^\s,[\]]*=[^\s,[\]]*)\])?=(\S+)$/;
/** Words that a person thinks of are shorter; a random key of this length cannot be guessed, not even from its SHA-256. */
const MIN_KEY_LENGTH = 20;

const ROWS_EXPECTED = 'a name has no brackets, and rows are written [dimension=value|value;dimension=value]';

export interface GivenKey {
  readonly role: Role;
  readonly name: string;
  readonly key: string;
  /** Rights to rows as the entry writes them; absent where it reads every row. */
  readonly rows?: string | null;
}

/** What is wrong with the rights to rows of an entry; null where nothing is. */
function problemOfRows(role: Role, rows: string): string | null {
  if (role !== 'bi') return `only a key of role bi is bound to rows, and this one is of role ${role}`;
  try {
    parseRowRights(rows);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * `role=key`, `role:name=key` and `bi:name[dimension=value|value;dimension=value]=key` entries.
 * @throws BAD_USER_INPUT listing every problem by its place; never a key.
 */
export function parseKeys(entries: readonly string[], where: string): GivenKey[] {
  const problems: string[] = [];
  const keys = entries.flatMap((entry, index): GivenKey[] => {
    const place = `entry ${index + 1}`;
    const [, role, name, rows = null, key] = ENTRY.exec(entry.trim()) ?? [];
    if (!role || !key) problems.push(`${place} is not role=key, role:name=key or bi:name[dimension=value]=key`);
    else if (!isRole(role)) problems.push(`${place}: '${role}' is not a role`);
    else if (key.length < MIN_KEY_LENGTH)
      problems.push(`${place}: the key is shorter than ${MIN_KEY_LENGTH} characters`);
    // Rows that are not written as such would be a part of the name, and the key would read every row.
    else if (name && /[[\]]/.test(name)) problems.push(`${place}: ${ROWS_EXPECTED}`);
    else {
      const problem = rows === null ? null : problemOfRows(role, rows);
      if (problem === null) return [{ role, name: name ?? role, key, rows }];
      problems.push(`${place}: ${problem}`);
    }
    return [];
  });
  if (new Set(keys.map(({ key }) => key)).size < keys.length) problems.push('the same key is given twice');
  if (problems.length === 0) return keys;
  throw new RiskgraphError({
    code: 'BAD_USER_INPUT',
    message: `${where} is not usable: ${problems.join('; ')}`,
    hint: `write role=key,role:name=key with roles ${ROLES.join(', ')}; \`openssl rand -hex 32\` makes a key`,
  });
}

/** The key that a header brings; the user of basic auth may be any, also none. */
function sentKey(authorization: string | undefined, basic: boolean): string | undefined {
  const [, scheme, sent] = /^(Bearer|Basic) +(\S+) *$/i.exec(authorization ?? '') ?? [];
  if (!scheme || !sent) return undefined;
  if (scheme.toLowerCase() === 'bearer') return sent;
  return basic ? /^[^:]*:(.+)$/s.exec(Buffer.from(sent, 'base64').toString())?.[1] : undefined;
}

const ring = (keys: readonly HeldKey[], file: string | null): KeyRing => ({
  file,
  authenticate(authorization, { basic } = { basic: false }) {
    const key = sentKey(authorization, basic);
    if (!key) return null;
    const hash = sha256(key);
    let caller: Caller | null = null;
    for (const key of keys) if (timingSafeEqual(key.sha256, hash)) caller = key.caller;
    return caller;
  },
});

async function readKeyFile(path: string): Promise<GivenKey[] | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new RiskgraphError({
      code: 'INTERNAL',
      message: `the key file ${path} cannot be read`,
      hint: 'it must belong to the user that runs the server',
      cause: error,
    });
  });
  if (text === null) return null;
  return parseKeys(
    text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#')),
    `the key file ${path}`,
  );
}

/** One key of 256 bits a role, written for the operator with mode 600. */
async function generateKeyFile(path: string): Promise<GivenKey[]> {
  const keys = ROLES.map((role) => ({ role, name: role, key: randomBytes(32).toString('base64url') }));
  const lines = [
    '# The keys of this server. It keeps only their SHA-256: this file is the one copy.',
    ...keys.map(({ role, key }) => `${role}=${key}`),
  ];
  await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o600, flag: 'wx' });
  return keys;
}

/** The keys that the API accepts, for a process beside it: they are read, and neither made nor revoked. */
export async function openAcceptedKeys(
  given: readonly GivenKey[] | undefined,
  store: Pick<KeyStore, 'all'>,
): Promise<KeyRing> {
  return given === undefined ? ring((await store.all()).map(storedKey), null) : ring(given.map(givenKey), null);
}

/**
 * Opens the accepted keys: those of RISKGRAPH_KEYS alone where it is set (a role without a key is closed), else those whose hashes
 * Postgres holds, generated at the first start. The key file, where this process has it, says which of them are still valid.
 */
export async function openKeyRing(options: {
  /** The keys of RISKGRAPH_KEYS. */
  readonly given: readonly GivenKey[] | undefined;
  readonly home: string;
  readonly store: KeyStore;
  readonly now: Clock;
  readonly log: Log;
}): Promise<KeyRing> {
  const { given, home, store, now, log } = options;
  if (given !== undefined) return openAcceptedKeys(given, store);
  const path = join(home, 'keys');
  const accepted = await store.all();
  let file = await readKeyFile(path);
  if (file === null && accepted.length === 0) {
    file = await generateKeyFile(path);
    log.info({ file: path }, 'keys were generated; the file is their only copy');
  }
  if (file !== null) await chmod(path, 0o600);
  else log.warn({ file: path }, 'the key file is gone; keys generated earlier still work');
  // A key that the operator took out of the file, or replaced there, was given up.
  const listed = new Set((file ?? []).map(({ key }) => sha256(key).toString('hex')));
  const revoked = file === null ? [] : accepted.filter(({ sha256 }) => !listed.has(sha256));
  if (revoked.length > 0) {
    await store.remove(revoked.map(({ sha256 }) => sha256));
    log.info(
      { names: revoked.map(({ role, name }) => `${role}:${name}`) },
      'keys that are no longer in the key file were revoked',
    );
  }
  // A new Postgres under an old home, or a key that the operator added to the file or gave another role there.
  const textOf = (hash: string, { role, name, rows = null }: Omit<GivenKey, 'key'>) =>
    JSON.stringify([hash, role, name, rows]);
  const stored = new Set(accepted.map((key) => textOf(key.sha256, key)));
  for (const { key, ...entry } of file ?? []) {
    const hash = sha256(key).toString('hex');
    if (!stored.has(textOf(hash, entry))) await store.add({ sha256: hash, rows: null, ...entry, createdAt: now() });
  }
  return ring((await store.all()).map(storedKey), file === null ? null : path);
}
