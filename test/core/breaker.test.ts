import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createBreaker } from '../../src/core/breaker.js';
import { RiskgraphError } from '../../src/core/errors.js';
import { quietLog } from '../support/homes.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const hangs = () => new Promise<never>(() => undefined);
const UNAVAILABLE = { code: 'STORE_UNAVAILABLE', message: 'the store of this test does not answer' };

/** A store that answers or hangs, and how often it was asked. */
function store() {
  const state = { answers: true, pings: 0, gauge: 1 };
  const breaker = createBreaker({
    store: 'the store of this test',
    ping: () => {
      state.pings++;
      return state.answers ? Promise.resolve() : hangs();
    },
    suspectAfterMs: 100,
    patienceMs: 500,
    log: quietLog,
    metrics: {
      count: () => undefined,
      observe: () => undefined,
      gauge: (_, value) => void Object.assign(state, { gauge: value }),
    },
  });
  return { state, breaker };
}

it('asks nothing of a store while its answers come in time', async () => {
  const { state, breaker } = store();
  expect(await breaker.run(async () => 'an answer')).toBe('an answer');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(state.pings).toBe(0);
});

it('lets work that is slow go on while the store answers pings', async () => {
  const { state, breaker } = store();
  const slow = breaker.run(() => new Promise((resolve) => setTimeout(resolve, 60_000, 'at last')));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await breaker.run(async () => 'beside it')).toBe('beside it');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await slow).toBe('at last');
  expect(state.pings).toBe(1);
});

it('refuses at once while the store does not answer, and lets through again once it does', async () => {
  const { state, breaker } = store();
  state.answers = false;
  void breaker.run(hangs);
  await vi.advanceTimersByTimeAsync(700);
  await expect(breaker.run(async () => 'not run')).rejects.toMatchObject(UNAVAILABLE);
  expect(state.gauge).toBe(0);
  state.answers = true;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await breaker.run(async () => 'again')).toBe('again');
  expect(state.gauge).toBe(1);
  breaker.close();
});

it('asks the store after a failure that may be its silence, and not after a refusal of its own', async () => {
  const { state, breaker } = store();
  const failing = (failure: Error) => breaker.run(() => Promise.reject(failure)).catch(() => undefined);
  await failing(new RiskgraphError({ code: 'BAD_USER_INPUT', message: 'refused' }));
  expect(state.pings).toBe(0);
  await failing(new RiskgraphError({ code: 'TIMEOUT', message: 'late' }));
  expect(state.pings).toBe(1);
  await vi.advanceTimersByTimeAsync(0);
  await failing(new Error('connect ECONNREFUSED'));
  expect(state.pings).toBe(2);
});
