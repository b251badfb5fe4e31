/** Loaded before everything else into programs that tests start; which of it holds, the environment says. */
const { TEST_CLOCK_SHIFT_MS, TEST_INTERRUPT_AT } = process.env;

const shiftMs = Number(TEST_CLOCK_SHIFT_MS ?? 0);
if (shiftMs !== 0) {
  const RealDate = Date;
  const realNow = Date.now;
  const now = () => realNow() + shiftMs;
  globalThis.Date = new Proxy(RealDate, {
    apply: () => new RealDate(now()).toString(),
    construct: (target, given, newTarget) => Reflect.construct(target, given.length > 0 ? given : [now()], newTarget),
  });
  RealDate.now = now;
  RealDate.prototype.constructor = globalThis.Date;
  await shiftPostgres();
}

/** The clock of the stores is that of Postgres: it must tell the same time of day. */
async function shiftPostgres() {
  const { default: pg } = await import('pg');
  const { query } = pg.Client.prototype;
  const shifted = (text) =>
    text.replaceAll('clock_timestamp()', `(clock_timestamp() + interval '${shiftMs} milliseconds')`);
  pg.Client.prototype.query = function shiftedQuery(statement, ...given) {
    return Reflect.apply(query, this, [typeof statement === 'string' ? shifted(statement) : statement, ...given]);
  };
}

if (TEST_INTERRUPT_AT) {
  // What this process starts is not to end by the same words.
  delete process.env.TEST_INTERRUPT_AT;
  const pattern = new RegExp(TEST_INTERRUPT_AT, 'm');
  let written = '';
  let isDone = false;
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write;
    stream.write = function interrupting(...given) {
      const result = Reflect.apply(write, this, given);
      written += String(given[0]);
      if (!isDone && pattern.test(written)) {
        isDone = true;
        process.kill(process.pid, 'SIGINT');
      }
      return result;
    };
  }
}
