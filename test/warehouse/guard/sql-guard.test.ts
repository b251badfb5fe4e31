import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { raw, sql } from '../../../src/core/definitions/sql.js';
import { exactSelect, exactSql } from '../../../src/warehouse/guard/exact.js';
import { createUserSql } from '../../../src/warehouse/user-sql.js';
import { openSources, type Sources } from '../../sources/support.js';

let sources: Sources;
beforeAll(async () => {
  sources = await openSources();
  await sources.run('CREATE TABLE secret (a UInt8, s String) ENGINE = MergeTree ORDER BY a');
  await sources.run('CREATE VIEW wrapped AS SELECT * FROM secret WHERE a = {x:UInt8}');
  await sources.run("INSERT INTO secret VALUES (1, 'hidden')");
  await sources.run(
    'CREATE TABLE upload (id Nullable(String), a Nullable(String), `odd name` Nullable(String)) ENGINE = MergeTree ORDER BY tuple()',
  );
});
afterAll(() => sources.close());

const check = (text: string) =>
  sources.guard.check(text, {
    tables: ['customers', 'loan_snapshots'],
    views: { file: sql`SELECT id, a, ${'odd'} AS odd, \`odd name\` FROM upload` },
  });

const ESCAPES: readonly (readonly [what: string, text: string])[] = [
  ['the scalar file function', "SELECT file('/etc/passwd')"],
  ['it in capitals', "SELECT FILE('/etc/passwd')"],
  ['it between backticks', "SELECT `file`('/etc/passwd') FROM file"],
  ['it in double quotes', `SELECT "file"('/etc/passwd') FROM file`],
  ['it after a comment', "SELECT /* harmless */ file/**/('/etc/passwd')"],
  ['it as a table function', "SELECT * FROM file('/etc/passwd', 'LineAsString')"],
  ['it in a lambda', "SELECT arrayMap(x -> file(x), ['/etc/passwd'])"],
  ['it in a window', 'SELECT sum(a) OVER (PARTITION BY file(id)) FROM file'],
  ['it in a named window', 'SELECT sum(1) OVER w FROM file WINDOW w AS (ORDER BY file(id))'],
  ['it in QUALIFY', "SELECT id FROM file QUALIFY file('x') = ''"],
  ['it in LIMIT BY', 'SELECT id FROM file LIMIT 1 BY file(id)'],
  ['it in INTERPOLATE', 'SELECT a FROM file ORDER BY a WITH FILL INTERPOLATE (id AS file(id))'],
  ['it by APPLY', 'SELECT * APPLY(file) FROM file'],
  ['it in REPLACE', 'SELECT * REPLACE(file(id) AS id) FROM file'],
  ['a table function by url', "SELECT * FROM url('http://127.0.0.1:1', 'CSV', 'a String')"],
  ['a remote server', "SELECT * FROM remote('127.0.0.1', currentDatabase(), 'secret')"],
  ['a program', "SELECT * FROM executable('cat', 'CSV', 'a String')"],
  ['merge of tables', "SELECT * FROM merge('secret')"],
  ['rows by number', 'SELECT * FROM numbers(10)'],
  ['values as a table', "SELECT * FROM values('a UInt8', 1)"],
  ['values of standard SQL', 'SELECT * FROM (VALUES (1))'],
  ['a view of a query', 'SELECT * FROM view(SELECT * FROM secret)'],
  ['a parameterised view', 'SELECT * FROM wrapped(x = 1)'],
  ['two statements', 'SELECT 1; SELECT 2'],
  ['a second statement after a comment', 'SELECT 1 -- end\n; DROP TABLE secret'],
  ['DROP', 'DROP TABLE secret'],
  ['INSERT', 'INSERT INTO secret SELECT 1, 2'],
  ['CREATE', 'CREATE TABLE t ENGINE = Memory AS SELECT 1'],
  ['ALTER', 'ALTER TABLE secret DELETE WHERE 1'],
  ['SET', 'SET max_threads = 1'],
  ['SYSTEM', 'SYSTEM FLUSH LOGS'],
  ['EXPLAIN', 'EXPLAIN SELECT 1'],
  ['EXPLAIN in a subquery', 'SELECT * FROM (EXPLAIN SELECT * FROM secret)'],
  ['SHOW', 'SHOW TABLES'],
  ['DESCRIBE', 'DESCRIBE TABLE secret'],
  ['INTO OUTFILE', "SELECT id FROM file INTO OUTFILE '/tmp/out'"],
  ['FORMAT', 'SELECT id FROM file FORMAT JSON'],
  ['SETTINGS', 'SELECT id FROM file SETTINGS max_threads = 64'],
  ['SETTINGS in a subquery', 'SELECT * FROM (SELECT id FROM file SETTINGS max_memory_usage = 0)'],
  ['PARALLEL WITH', 'SELECT 1 PARALLEL WITH SELECT 2'],
  ['another table', 'SELECT * FROM secret'],
  ['another table in another case of quotes', 'SELECT * FROM "secret"'],
  ['another table spelled with an escape', 'SELECT * FROM "secr\\x65t"'],
  ['a source table spelled with an escape', 'SELECT * FROM `l\\x61bels`'],
  ['another table in a subquery', 'SELECT (SELECT s FROM secret LIMIT 1)'],
  ['another table in a join', 'SELECT * FROM file JOIN secret ON 1 = 1'],
  ['another table in a union', 'SELECT id FROM file UNION ALL SELECT s FROM secret'],
  ['another table in EXCEPT', 'SELECT id FROM file EXCEPT SELECT s FROM secret'],
  ['another table after IN', 'SELECT id FROM file WHERE 1 IN secret'],
  ['another table after NOT IN', 'SELECT id FROM file WHERE (1, 2) NOT IN secret'],
  ['another table after IN in a function', 'SELECT in(1, secret) FROM file'],
  ['another table after IN by an alias', 'WITH secret AS x SELECT id FROM file WHERE 1 IN x'],
  ['another table after EXISTS', 'SELECT id FROM file WHERE EXISTS (SELECT 1 FROM secret)'],
  ['another table under a WITH of its name', 'WITH secret AS (SELECT * FROM secret) SELECT * FROM secret'],
  ['another table beside a WITH of its name', 'SELECT * FROM (WITH secret AS (SELECT 1) SELECT * FROM secret), secret'],
  ['a constant that reads like a WITH', "WITH 'x, cte_name: secret, y' AS z SELECT * FROM secret"],
  ['a recursive WITH', 'WITH RECURSIVE secret AS (SELECT * FROM secret) SELECT * FROM secret'],
  ['a name with its database', 'SELECT * FROM default.secret'],
  ['an allowed name with its database', 'SELECT * FROM default.customers'],
  ['system tables', 'SELECT * FROM system.tables'],
  ['system tables in quotes', 'SELECT * FROM `system`.`one`'],
  ['information_schema', 'SELECT * FROM information_schema.tables'],
  ['a name that holds lines', 'SELECT 1 AS `x\\n  JOIN TREE`'],
  ['a name that holds fields', 'SELECT 1 AS `x, cte_name: secret`'],
  ['columns by a pattern', "SELECT COLUMNS('.*') FROM file"],
  ['columns without a pattern', "SELECT * EXCEPT 'a.*' FROM file"],
  ['a dictionary', "SELECT dictGet('d', 'a', 1)"],
  ['a Join table', "SELECT joinGet('secret', 's', 1)"],
  ['a setting', "SELECT getSetting('max_threads')"],
  ['the server', 'SELECT hostName(), version()'],
  ['the user', 'SELECT currentUser()'],
  ['the database', 'SELECT currentDatabase()'],
  ['waiting', 'SELECT sleep(3)'],
  ['waiting a row', 'SELECT sleepEachRow(1) FROM file'],
  ['the clock', 'SELECT now()'],
  ['chance', 'SELECT rand()'],
  ['a thrown message', "SELECT throwIf(1, 'x')"],
  ['a parameter of ours', 'SELECT {p1:String}'],
  [
    'a WITH named like a table with its database',
    'WITH `riskgraph.events` AS (SELECT 1) SELECT * FROM `riskgraph.events`',
  ],
  ['a WITH named like an allowed table', 'WITH customers AS (SELECT * FROM customers) SELECT * FROM customers'],
  ['it in a subquery', 'SELECT * FROM (WITH file AS (SELECT 1) SELECT * FROM file)'],
  ['a WITH named like a stored table', 'WITH secret AS (SELECT 1 AS one) SELECT one FROM secret'],
  ['a WITH of a union named like a stored table', 'WITH secret AS (SELECT 1 UNION ALL SELECT 2) SELECT * FROM secret'],
  ['a table under the name of another', 'SELECT secret.id FROM file AS secret'],
  ['a table under the name of a database and its table', 'SELECT `default.secret`.id FROM file AS `default.secret`'],
  ['a subquery under the name of another table', 'SELECT * FROM (SELECT id FROM file) AS customers'],
  ['an array under the name of an allowed table', 'SELECT customers FROM file ARRAY JOIN [1] AS customers'],
  ['a value under the name of an allowed table', 'SELECT id AS customers FROM file'],
  ['a value of WITH under the name of an allowed table', 'WITH 1 AS customers SELECT id FROM file'],
  ['a value under a name with a dot', 'SELECT id AS `secret.a` FROM file'],
  ['another aggregate by its name as a text', "SELECT arrayReduce('groupArrayInsertAt', [1], [1])"],
  ['a state by its name as a text', "SELECT arrayReduce('sumState', [1])"],
  ['it under a combinator', "SELECT arrayReduce('nothingIf', [1], [1]) FROM file"],
  ['an aggregate by a text that is put together', "SELECT arrayReduce(concat('su', 'm'), [1])"],
  ['an aggregate by a column', 'SELECT arrayReduce(a, [1]) FROM file'],
  ['an aggregate state', "SELECT initializeAggregation('sumState', 1)"],
  ['nothing at all', '  -- only a comment'],
  ['no SQL', 'hello'],
];

/** SQL that costs far more than it reads, and words of the refusal. */
const COSTLY: readonly (readonly [what: string, text: string, refusal: string])[] = [
  ['rows filled in without a bound', 'SELECT 1 AS n ORDER BY n WITH FILL FROM 1 TO 1000000000000', 'WITH FILL'],
  ['rows filled in between others', 'SELECT a FROM file ORDER BY a WITH FILL', 'WITH FILL'],
  ['rows filled in within a subquery', 'SELECT * FROM (SELECT a FROM file ORDER BY a WITH FILL STEP 1)', 'WITH FILL'],
  ['an edit distance', 'SELECT editDistance(id, a) FROM file', 'editDistance'],
  ['one by another name', 'SELECT levenshteinDistance(id, a) FROM file', 'levenshteinDistance'],
  ['a likeness of texts', 'SELECT jaroWinklerSimilarity(id, a) FROM file', 'jaroWinklerSimilarity'],
  ['a fold', 'SELECT arrayFold((acc, x) -> arrayPushBack(acc, x), range(9), [0]) FROM file', 'arrayFold'],
  ['two computed lists', 'SELECT hasAll(groupArray(id), groupArray(a)) FROM file', 'two lists'],
  ['two lists by alias', "WITH splitByChar(',', a) AS b SELECT hasAny(b, b) FROM file", 'two lists'],
  ['two ranges', 'SELECT hasSubstr(range(100000), range(1, 100000))', 'two lists'],
  [
    'a search of a list for each of another',
    'SELECT arrayCount(x -> has(range(100000), x), range(100000))',
    'computed list',
  ],
  [
    'one deep inside',
    'SELECT arrayMap((x, y) -> 1 + indexOf(groupArray(id), x), [a], groupArray(a)) FROM file',
    'computed list',
  ],
  ['one by alias', 'WITH range(100000) AS r SELECT arrayExists(x -> countEqual(r, x) > 1, r)', 'computed list'],
  ['a long array by its length', 'SELECT arrayWithConstant(100000000, 1)', 'at most 10000'],
  ['a length that is computed', 'SELECT arrayResize([1], 10 * 1000) FROM file', 'at most 10000'],
  ['a long range', 'SELECT arrayMap(x -> has([1], x), range(1000000))', 'more than 100000 elements'],
  ['a long range of a computed length', 'SELECT range(1000 * 1000)', 'the SQL cannot be run'],
];

/** SQL that looks through a long text which it makes, and the function that does. */
const LONG_TEXTS: readonly (readonly [what: string, text: string, name: string])[] = [
  [
    'a pattern that begins anew at each place of a long text',
    "SELECT extractAll(leftPad('', 1000000, 'a'), 'a*b|a')",
    'extractAll',
  ],
  ['one by alias', "WITH leftPad('', 1000000, 'a') AS t SELECT countMatches(t, 'a*b|a')", 'countMatches'],
  [
    'one of a subquery',
    "SELECT replaceRegexpAll(t, 'a*b|a', '') FROM (SELECT leftPad('', 1000000, 'a') AS t)",
    'replaceRegexpAll',
  ],
  [
    'one in place of a column',
    "SELECT splitByRegexp('a*b|a', a) FROM (SELECT * REPLACE (leftPad('', 1000000, 'a') AS a) FROM file)",
    'splitByRegexp',
  ],
  [
    'one in a lambda',
    "SELECT arrayMap(a -> position(a, concat('b', a)), [leftPad('', 1000000, 'a')]) FROM file",
    'position',
  ],
  ...[
    ['an element of a tuple', 'SELECT countMatches(t.1, p) FROM (SELECT tuple(made) AS t)'],
    ['one of a WITH', 'WITH tuple(made) AS t SELECT countMatches(t.1, p)'],
    ['a named one', "SELECT countMatches(t.a, p) FROM (SELECT CAST(tuple(made), 'Tuple(a String)') AS t)"],
    [
      'one as a column',
      "SELECT countMatches(`t.a`, p) FROM (SELECT t.a FROM (SELECT CAST(tuple(made), 'Tuple(a String)') AS t))",
    ],
    [
      'one that is taken apart',
      "SELECT countMatches(u.a, p) FROM (SELECT untuple(CAST(tuple(made), 'Tuple(a String)')) AS u)",
    ],
    ['one in a lambda', 'SELECT arrayMap(t -> countMatches(t.1, p), [tuple(made)])'],
    [
      'one under the name of a table',
      "SELECT arrayMap(f -> countMatches(f.a, p), [CAST(tuple(made), 'Tuple(a String)')]) FROM file AS f",
    ],
    ['a value of a map', "SELECT countMatches(m['k'], p) FROM (SELECT map('k', made) AS m)"],
    ['an element of an array', 'SELECT countMatches(x[1], p) FROM (SELECT [made] AS x)'],
    ['one of ARRAY JOIN', 'SELECT countMatches(x, p) FROM (SELECT 1) ARRAY JOIN [made] AS x'],
    ['a lambda that is written as a function', 'SELECT arrayMap(lambda(tuple(a), countMatches(a, p)), [made])'],
    ['an argument of other letters', 'SELECT arrayMap(`客户` -> countMatches(`客户`, p), [made])'],
    ['the later part of a UNION', 'SELECT countMatches(a, p) FROM (SELECT a FROM file WHERE 0 UNION ALL SELECT made)'],
    ['an alias beside a text that reads like one', "SELECT countMatches(a, p) FROM (SELECT ' AS `', made AS a, '`')"],
    [
      'a column without an alias',
      'SELECT countMatches(`hex(hex(b))`, p) FROM (SELECT hex(hex(b)) FROM (SELECT substring(made, 1, 9000) AS b))',
    ],
  ].map(
    ([what = '', text = '']) =>
      [what, text.replace(', p)', ", 'a*b|a')").replace('made', "leftPad('', 1000000, 'a')"), 'countMatches'] as const,
  ),
];

const GOOD: readonly (readonly [what: string, text: string])[] = [
  ['columns by name', 'SELECT id, a FROM file'],
  ['everything', 'SELECT * FROM file'],
  ['an odd name', 'SELECT `odd name` AS b FROM file'],
  ['a name of other letters', 'SELECT id AS `客户` FROM file'],
  ['comments and a semicolon', '-- why\nSELECT id /* what */ FROM file;'],
  [
    'constants that read like SQL',
    "SELECT 'FROM secret; file(x) SETTINGS {p:String} system.one function_name: file' AS s FROM file",
  ],
  [
    'arithmetic and conversions',
    'SELECT toDecimal64(toFloat64OrNull(a) * 1.5 + 2, 2) AS m, a::Nullable(Int32) % 7 FROM file',
  ],
  ['CASE', "SELECT CASE a WHEN '1' THEN 'M' WHEN '2' THEN 'F' END AS g, CASE WHEN a > '1' THEN 1 ELSE 0 END FROM file"],
  [
    'text',
    "SELECT concat('C', leftPad(id, 8, '0')), lower(a) || 'x', replaceRegexpOne(a, '^x', ''), a LIKE 'b%' FROM file",
  ],
  [
    'dates',
    "SELECT toDate('2005-09-01') - INTERVAL 1 MONTH, addMonths(toDate(a), 1), dateDiff('day', toDate(a), toDate(id)), toStartOfMonth(toDate(a)) FROM file",
  ],
  [
    'arrays and lambdas',
    'SELECT arrayMap((x, y) -> x + y, [1, 2], range(2)), arrayFilter(x -> x > 1, [1, 2, 3])[1] FROM file',
  ],
  [
    'ARRAY JOIN',
    "SELECT id, m.1 AS month, m.2 AS paid FROM file ARRAY JOIN [('2005-09-01', a), ('2005-08-01', `odd name`)] AS m",
  ],
  [
    'LEFT ARRAY JOIN over a subquery',
    "SELECT id, x FROM (SELECT id, splitByChar(',', assumeNotNull(a)) AS xs FROM file) LEFT ARRAY JOIN xs AS x",
  ],
  [
    'WITH',
    'WITH base AS (SELECT id FROM file), twice AS (SELECT id FROM base UNION ALL SELECT id FROM base) SELECT id FROM twice',
  ],
  ['WITH of an expression', 'WITH 5 AS k SELECT id, k FROM file'],
  [
    'a join of the file with itself',
    'SELECT l.id, r.a FROM file AS l LEFT JOIN file AS r ON l.id = r.id AND r.a != l.a',
  ],
  ['a join by USING', 'SELECT id FROM file JOIN (SELECT id FROM file) AS other USING (id)'],
  [
    'window functions',
    'SELECT id, row_number() OVER (PARTITION BY a ORDER BY id) AS n, lagInFrame(a) OVER w FROM file WINDOW w AS (ORDER BY id)',
  ],
  [
    'aggregates',
    "SELECT a, count(), countIf(id != ''), uniqExact(id), quantileExact(0.5)(toInt32OrZero(id)), argMaxIf(id, a, 1) FROM file GROUP BY a HAVING count() > 1 ORDER BY a DESC LIMIT 10",
  ],
  ['count distinct and filter', "SELECT count(DISTINCT a), sum(1) FILTER (WHERE a = 'x') FROM file"],
  ['IN of a list', "SELECT id FROM file WHERE a IN ('x', 'y') AND (id, a) NOT IN (('1', '2'), ('3', '4'))"],
  ['IN of a subquery', 'SELECT id FROM file WHERE id IN (SELECT id FROM file WHERE a IS NOT NULL)'],
  [
    'EXISTS and a scalar subquery',
    'SELECT id, (SELECT max(a) FROM file) AS m FROM file WHERE EXISTS (SELECT 1 FROM file)',
  ],
  ['unions and intersections', 'SELECT id FROM file UNION DISTINCT SELECT a FROM file INTERSECT SELECT id FROM file'],
  ['DISTINCT, LIMIT BY, OFFSET', 'SELECT DISTINCT id FROM file ORDER BY id LIMIT 1 BY a LIMIT 10 OFFSET 2'],
  ['maps and JSON', "SELECT map('a', id)['a'], JSONExtractString(assumeNotNull(a), 'x') FROM file"],
  ['columns but some', 'SELECT * EXCEPT (a), * REPLACE (upper(id) AS id) FROM file'],
  [
    'source tables',
    "SELECT customer_id, toString(registered_at) AS event_timestamp FROM customers WHERE channel = 'app'",
  ],
  [
    'an ASOF JOIN of source tables',
    'SELECT c.customer_id, s.dpd FROM customers AS c ASOF JOIN loan_snapshots AS s ON c.customer_id = s.customer_id AND toDate(c.registered_at) >= s.as_of',
  ],
  ['no table', "SELECT 'C1' AS customer_id"],
  [
    'aggregates by their names as texts',
    "SELECT arrayReduce('sum', [1, 2]), arrayReduce('quantile(0.5)', [1, 2]), arrayReduce('countIf', [1, 0])",
  ],
  ['a value under the name of a table that is not there', 'SELECT id AS secret FROM file'],
  ['a constant that reads like an alias', "SELECT 'x, alias: customers, y.z' AS s FROM file"],
  [
    'lists beside one that is written out',
    "SELECT hasAny(splitByChar(',', assumeNotNull(a)), ['x', 'y']), hasAll([1, NULL], array(1)) FROM file",
  ],
  [
    'searches of a short list, or for a few values',
    "SELECT arrayMap(i -> indexOf(splitByChar(',', assumeNotNull(a)), toString(i)), range(24)), arrayExists(x -> has(['x'], x), splitByChar(',', assumeNotNull(a))), has(groupArray(id), 'x') FROM file GROUP BY a",
  ],
  [
    'searches of texts',
    "SELECT position(lower(a), 'x') AS p, replaceAll(replaceAll(a, 'x', 'y'), id, 'z'), extractAll(concat(assumeNotNull(a), 'x'), 'x+'), splitByString(',', trim(assumeNotNull(a))), locate('x', upper(a)), countIf(position(lower(id), 'x') > p) FROM file GROUP BY a, id",
  ],
  ['an array of a length', 'SELECT arrayResize([1, 2], 12, 0), arrayWithConstant(3, 1) FROM file'],
];

describe('the guard of SQL that a caller wrote', () => {
  it.each(ESCAPES)('refuses %s', async (_what, text) => {
    await expect(check(text)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  it.each(GOOD)('lets through %s', async (_what, text) => {
    const statement = await check(text);
    await sources.clickhouse.tuples(
      'test',
      raw(`WITH file AS (SELECT id, a, \`odd name\` FROM upload) SELECT * FROM (${statement})`),
    );
  });

  it.each(COSTLY)('refuses %s', async (_what, text, refusal) => {
    await expect(check(text)).rejects.toMatchObject({ message: expect.stringContaining(refusal) });
  });

  it.each(LONG_TEXTS)('neither computes nor runs %s', async (_what, text, name) => {
    await sources.run("INSERT INTO upload (id, a) VALUES ('1', 'x')");
    const statement = await check(text);
    const ran = sources.clickhouse.tuples(
      'test',
      raw(`WITH file AS (SELECT id, a FROM upload) SELECT * FROM (${statement})`),
    );
    await expect(ran).rejects.toMatchObject({
      cause: { message: expect.stringMatching(`^${name} looks through a text of more than 10000 bytes: cut it first`) },
    });
    await sources.run('TRUNCATE TABLE upload');
  });

  it('computes no scalar subquery, neither when it checks nor when it finds out the columns', async () => {
    await sources.run("INSERT INTO upload (id, a) VALUES ('1', 'no number')");
    const text = 'SELECT id, (SELECT max(toInt32(assumeNotNull(a))) FROM file) AS m FROM file';
    const around = (statement: string) => raw(`WITH file AS (SELECT id, a FROM upload) SELECT * FROM (${statement})`);
    await expect(sources.clickhouse.rows('test', around(text))).rejects.toMatchObject({ code: 'INTERNAL' });
    const statement = await check(text);
    const { columns } = await exactSelect(sources.clickhouse, { statement, around, what: 'the SQL' });
    expect(columns).toMatchObject([
      { name: 'id', type: 'Nullable(String)' },
      { name: 'm', type: 'Nullable(Int32)' },
    ]);
    await sources.run('TRUNCATE TABLE upload');
  });

  it('gives back one line without comments, which is what may be run', async () => {
    expect(await check('SELECT id -- x\nFROM file /* y */ ;')).toBe('SELECT id FROM file');
  });

  it('bounds a text that is made, and leaves its value and a column of a table as they are', async () => {
    const read = "SELECT position(a, 'x') AS p, position(f.a, 'x'), position(f.`odd name`, 'x') FROM file AS f";
    expect(await check(read)).toBe(read);
    const made = await check("SELECT replaceAll(lower('ABA'), 'a', 'x') AS a, position(toNullable('b'), 'b') AS b");
    expect(await sources.clickhouse.tuples('test', raw(made))).toEqual([['xbx', '1']]);
  });

  it('says what is not allowed and what to do', async () => {
    await expect(check('SELECT * FROM secret')).rejects.toMatchObject({
      message: "the table 'secret' is not allowed",
      hint: 'the tables are customers, loan_snapshots, file',
    });
    await expect(check('SELECT sleep(1)')).rejects.toMatchObject({ message: "the function 'sleep' is not allowed" });
  });

  it('says that a name is taken, or has a dot', async () => {
    await expect(check('SELECT id AS customers FROM file')).rejects.toMatchObject({
      message: "'customers' is the name of a table",
      hint: 'give the alias, or the WITH, another name',
    });
    await expect(check('WITH `a.b` AS (SELECT 1) SELECT * FROM `a.b`')).rejects.toMatchObject({
      message: "the name 'a.b' has a dot",
    });
  });

  it('never shows what another table holds, not even in an error', async () => {
    const attempts = [
      'WITH secret AS (SELECT toUInt8(s) AS s FROM secret) SELECT * FROM secret',
      'SELECT (SELECT toUInt8(s) FROM secret)',
      'SELECT * FROM (WITH secret AS (SELECT 1) SELECT * FROM secret), (SELECT toUInt8(s) FROM secret)',
    ];
    for (const text of attempts) {
      await expect(check(text)).rejects.toMatchObject({ message: expect.not.stringContaining('hidden') });
    }
  });
});

function deferred() {
  let resolve: (value: string) => void = () => undefined;
  const promise = new Promise<string>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe('checks of SQL that callers wrote', () => {
  it('run one at a time of each key, and are refused where one would wait too long', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const checks = createUserSql(sources.clickhouse);
      const held = deferred();
      const first = checks.check('greedy', () => held.promise);
      expect(await checks.check('modest', async ({ guard }) => typeof guard.check)).toBe('function');
      const second = Promise.allSettled([checks.check('greedy', async () => 'second')]);
      await vi.advanceTimersByTimeAsync(6_000);
      expect((await second)[0]).toMatchObject({
        reason: { code: 'OVERLOADED', details: { retryAfterSeconds: 5 } },
      });
      held.resolve('first');
      expect(await first).toBe('first');
      expect(await checks.check('greedy', async () => 'fourth')).toBe('fourth');
    } finally {
      vi.useRealTimers();
    }
  });

  it('keep their place as long as the server works on them, though the caller is told sooner', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] });
    try {
      const checks = createUserSql(sources.clickhouse);
      const endless = deferred();
      const first = Promise.allSettled([checks.check('greedy', () => endless.promise)]);
      await vi.advanceTimersByTimeAsync(21_000);
      expect((await first)[0]).toMatchObject({ reason: { code: 'TIMEOUT' } });
      const next = Promise.allSettled([checks.check('greedy', async () => 'next')]);
      await vi.advanceTimersByTimeAsync(6_000);
      expect((await next)[0]).toMatchObject({ reason: { code: 'OVERLOADED' } });
      endless.resolve('done');
      await vi.advanceTimersByTimeAsync(1);
      expect(await checks.check('greedy', async () => 'again')).toBe('again');
    } finally {
      vi.useRealTimers();
    }
  });
});

/** A conversion of a value, and whether it keeps it. Values are SQL; `s` is a nullable text. */
const CONVERSIONS: readonly (readonly [call: string, value: string, kept: boolean])[] = [
  ...(['2024-02-29', '1970-01-01', '2149-06-06', '2024-01-05 10:00:00'] as const).map(
    (day) => ['toDate(s)', `'${day}'`, true] as const,
  ),
  ...(['1931-05-04', '1985-02-30', '2150-01-01', '05/04/1931', '2024-1-5', '20240105', 'x', ''] as const).map(
    (day) => ['toDate(s)', `'${day}'`, false] as const,
  ),
  ["CAST(s, 'Date')", "'1985-02-30'", false],
  ['s::Nullable(Date)', "'1931-05-04'", false],
  ["accurateCast(s, 'Date')", "'1931-05-04'", false],
  ['toDate32(s)', "'1931-05-04'", true],
  ['toDate32(s)', "'1985-02-30'", false],
  ['toDate32(s)', "'1850-01-01'", false],
  ['toDate(s)', "toDate32('1931-05-04')", false],
  ['toDate(s)', "toDateTime64('2024-01-05 23:00:00', 3, 'Asia/Shanghai')", true],
  ["toDate(s, 'Asia/Shanghai')", "toDateTime64('2024-01-05 23:00:00', 3, 'UTC')", true],
  ["toDate(s, 'Asia/Shanghai')", "toDateTime64('2190-01-05 23:00:00', 3, 'UTC')", false],
  ['toInt32(s)', "'-42'", true],
  ['toInt32(s)', "'99999999999'", false],
  ['toInt32(s)', "'5元'", false],
  ['toInt32(s)', "'1.5'", false],
  ['toInt8(s)', "'300'", false],
  ['toInt8(s)', '300', false],
  ['toUInt16(s)', '-1', false],
  ['toInt32(s)', '3.7', false],
  ['toInt32(s)', '1e30', false],
  ['toInt32(s)', '42.0', true],
  ['toInt64(s)', "toDecimal64('1.5', 2)", false],
  ['toInt32(s)', "toDate('2024-01-05')", true],
  ['toFloat64(s)', "'0.1'", true],
  ['toFloat64(s)', "'12abc'", false],
  ['toFloat64(s)', "'1e400'", false],
  ['toFloat64(s)', "'9007199254740993'", false],
  ['toFloat64(s)', "'9007199254740992'", true],
  ['toFloat64(s)', '18014398509481985', false],
  ['toFloat32(s)', "'0.1'", true],
  ['toFloat32(s)', "'16777217'", false],
  ['toDecimal64(s, 2)', "'12.34'", true],
  ['toDecimal64(s, 2)', "'12.3400'", true],
  ['toDecimal64(s, 2)', "'12.345'", false],
  ['toDecimal64(s, 2)', "'5000元'", false],
  ['toDecimal64(s, 2)', "'99999999999999999999'", false],
  ['toDecimal64(s, 2)', '12.345', false],
  ['toDecimal64(s, 2)', 'round(0.1 + 0.2, 2)', true],
  ['toDecimal64(s, 2)', '0.29', false],
  ["CAST(s, 'Decimal(18, 2)')", '0.29', false],
  ['toDecimal64(toString(s), 2)', '0.29', true],
  ['toDecimal64(s, 2)', "toDecimal64('0.29', 2)", true],
  ['toDecimal64(s, 2)', '29', true],
  ["CAST(s, 'Decimal(18, 2)')", "'12.345'", false],
  ['toDateTime(s)', "'2024-01-05 10:00:00'", false],
  ["toDateTime(s, 'Asia/Shanghai')", "'2024-01-05 10:00:00'", true],
  ["toDateTime(s, 'Asia/Shanghai')", "'1931-01-05 10:00:00'", false],
  ['toDateTime64(s, 3)', "'2024-01-05T10:00:00+08:00'", true],
  ['toDateTime64(s, 3)', "'2024-01-05T10:00:00Z'", true],
  ['toDateTime64(s, 3)', "'2024-01-05T10:00:00+99:99'", false],
  ['toDateTime64(s, 3)', "'2024-01-05 10:00:00.123'", false],
  ["toDateTime64(s, 3, 'Asia/Shanghai')", "'2024-02-30 10:00:00'", false],
  ["toDateTime64(s, 3, 'Asia/Shanghai')", "'1931-01-05 10:00:00.5'", true],
  ["toDateTime64(s, 3, 'Europe/Berlin')", "'2024-03-31 02:30:00'", false],
  ["toDateTime64(s, 3, 'Asia/Shanghai')", "toDate('2024-01-05')", true],
  ['toDateTime64(s, 3)', "toDate('2024-01-05')", false],
  ["toDateTime64(s, 3, 'Asia/Shanghai')", "toDateTime64('2024-01-05 23:00:00', 3, 'UTC')", true],
  ['toDateTime(s)', '1704412800', true],
  ["CAST(s, 'DateTime64(3, \\'UTC\\')')", "'2024-02-30 00:00:00'", false],
  ["toDateTime64(s, 0, 'UTC')", "'2024-01-05 10:00:00.789'", false],
  ["toDateTime64(s, 2, 'UTC')", "'2024-01-05 10:00:00.780'", true],
  ["toDateTime(s, 'UTC')", "'2024-01-05 10:00:00.789'", false],
  ["toDateTime(s, 'UTC')", "'2024-01-05 10:00:00.000'", true],
  ["toDateTime(s, 'UTC')", "toDateTime64('2024-01-05 10:00:00.789', 3, 'UTC')", false],
  ['toUnixTimestamp(s)', "'2024-02-30 00:00:00'", false],
  ['toUnixTimestamp(s)', "'2024-02-28 00:00:00'", false],
  ['toUnixTimestamp(s)', "toDateTime64('2024-01-05 10:00:00', 3, 'UTC')", true],
  ['toUnixTimestamp(s)', "toDateTime64('1931-01-05 10:00:00', 3, 'UTC')", false],
  ['fromUnixTimestamp(s)', '1704412800', true],
  ['fromUnixTimestamp(s)', '99999999999', false],
  ['fromUnixTimestamp64Milli(s)', 'toInt64(1704412800000)', true],
  ['fromUnixTimestamp64Milli(s)', 'toInt64(99999999999999)', false],
  ['addDays(s, 0)', "'2024-02-28 00:00:00'", false],
  ['subtractMonths(s, 1)', "'2024-02-28'", false],
  ['dateAdd(DAY, 1, s)', "'2024-02-28'", false],
  ['addDate(s, INTERVAL 1 DAY)', "'2024-02-28'", false],
  ['addDate(s, INTERVAL 1 DAY)', "toDate('2024-02-28')", true],
  ['s + INTERVAL 1 DAY', "'2024-02-28'", false],
  ['s - toIntervalDay(1)', "'2024-02-28'", false],
  ['toInt32(toDate(s) + INTERVAL 1 DAY)', "'2024-02-28'", true],
  ["concat(s, ')') + INTERVAL 1 DAY", "'2024-02-28'", false],
  ['tuple(s, 1).1 + INTERVAL 1 DAY', "'2024-02-28'", false],
  ['tuple(toDate(s), 1).1 + INTERVAL 1 DAY', "'2024-02-28'", true],
  ["splitByChar(',', s)[1] - INTERVAL 1 DAY", "'2024-02-28'", false],
  ['[toDate(s)][1] - INTERVAL 1 DAY', "'2024-02-28'", true],
  ["toDateTime64(s, 3, 'UTC') + INTERVAL 1 DAY - INTERVAL 1 HOUR", "'2024-02-28 00:00:00'", true],
  ['INTERVAL 1 DAY + s', "'2024-02-28'", false],
  ['INTERVAL 1 DAY + toDate(s)', "'2024-02-28'", true],
  ['s + (INTERVAL 1 DAY, INTERVAL 1 MONTH)', "'2024-02-28'", false],
  ['toDate(s) + (INTERVAL 1 DAY, INTERVAL 1 MONTH)', "'2024-02-28'", true],
  ['(INTERVAL 1 DAY AS day, s + day).2', "'2024-02-28'", false],
  ['(INTERVAL 1 DAY AS day, day + s).2', "'2024-02-28'", false],
  ['(INTERVAL 1 DAY AS day, toDate(s) - day).2', "'2024-02-28'", true],
  ['(INTERVAL 1 DAY AS day, plus(s, day)).2', "'2024-02-28'", false],
  ['(INTERVAL 1 DAY AS day, addDate(s, day)).2', "'2024-02-28'", false],
  ['s + (-INTERVAL 1 DAY)', "'2024-02-28'", false],
  ['any(s) OVER (ORDER BY s) - INTERVAL 1 DAY', "'2024-02-28'", false],
  ['INTERVAL 1 DAY + any(toDate(s)) OVER (ORDER BY s)', "'2024-02-28'", true],
  ["(toInt32(s) + -1 - 2.5 - (1 - toInt32(s)), toDate('2024-01-01') + INTERVAL 1 DAY)", "'44'", true],
  ["dateDiff('day', s, s)", "'2024-02-28'", false],
  ["dateTrunc('month', s)", "'2024-02-28'", false],
  ['toStartOfMonth(s)', "'2024-02-30'", false],
  ['addDays(s, 1)', "toDate('2024-02-28')", true],
  ['toInt8(toInt64(s) AS q)', "'44'", true],
  ['toInt8(toInt64(s) AS q)', "'300'", false],
  ['toInt8((toInt64(s) AS q) + q)', "'44'", true],
  ['toBool(s)', "'true'", true],
  ['toBool(s)', "'perhaps'", false],
  ['toUUID(s)', "'x'", false],
];

describe('a conversion in SQL that a caller wrote', () => {
  it('keeps its value, or the statement fails', async () => {
    const failed = await Promise.all(
      CONVERSIONS.map(async ([call, value, kept]) => {
        const [line] = await sources.clickhouse.tuples<[string]>(
          'test',
          sql`SELECT formatQuerySingleLine(${`SELECT ${call} AS v, if(s IS NULL, 1, 0) AS n FROM (SELECT toNullable(${value}) AS s)`})`,
        );
        const { statement } = exactSql(line?.[0] as string);
        const ran = await sources.clickhouse.tuples('test', raw(statement)).then(
          () => true,
          () => false,
        );
        return ran === kept ? [] : [`${call} of ${value}`];
      }),
    );
    expect(failed.flat()).toEqual([]);
  });

  it('keeps NULL, its type, its column and the branches that do not run', async () => {
    const { statement } = exactSql(
      "SELECT multiIf(s = '-', NULL, toInt32(s)) AS n, toInt32(nullIf(s, '-')) AS m FROM rows",
    );
    const rows = await sources.clickhouse.tuples(
      'test',
      raw(`WITH rows AS (SELECT arrayJoin(['1', '-', NULL]) AS s) SELECT *, toTypeName(m) FROM (${statement})`),
    );
    expect(rows).toEqual([
      [1, 1, 'Nullable(Int32)'],
      [null, null, 'Nullable(Int32)'],
      [null, null, 'Nullable(Int32)'],
    ]);
  });

  it.each([
    ['toInt32OrNull(a)', 'toInt32OrNull', /write toInt32\(…\)/],
    ['toDateOrZero(a)', 'toDateOrZero', /write toDate\(…\)/],
    ["accurateCastOrNull(a, 'Int32')", 'accurateCastOrNull', /write accurateCast\(…\)/],
    ['parseDateTimeBestEffort(a)', 'parseDateTimeBestEffort', /toDateTime64\(text, 3, 'Asia\/Shanghai'\)/],
    ['makeDate(1985, 2, 30)', 'makeDate', /toDate32/],
    ["JSONExtractInt(a, 'x')", 'JSONExtractInt', /JSONExtractRaw/],
    ["JSONExtract(a, 'x', 'Int8')", 'JSONExtract', /JSONExtractRaw/],
    ["JSONExtract(a, 'x', 'Nullable(Date)')", 'JSONExtract', /toDate32\(JSONExtractString/],
    ["JSONExtract(a, 'x', 'Array(Decimal(18, 2))')", 'JSONExtract', /JSONExtractRaw/],
    ["JSONExtractKeysAndValues(a, 'Int8')", 'JSONExtractKeysAndValues', /JSONExtractRaw/],
  ])('%s is refused by its name, with the safe one', (call, name, hint) => {
    const thrown = expect.objectContaining({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(new RegExp(`^the function '${name}' may lose a value without a word`)),
      hint: expect.stringMatching(hint),
    });
    expect(() => exactSql(`SELECT ${call} AS v FROM file`)).toThrow(thrown);
    expect(exactSql(`SELECT '${call.replaceAll("'", '')}' AS v FROM file`).conversions).toEqual([]);
  });
});
