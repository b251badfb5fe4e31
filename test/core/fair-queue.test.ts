import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FairQueue, type Leave } from '../../src/core/fair-queue.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const STAYS = new AbortController().signal;
const PATIENT = 60_000;

/** A queue of two places, and the order in which keys get one. */
function queue(longest = 100, placesAKey?: number) {
  const order: string[] = [];
  const leaves: Leave[] = [];
  const places = new FairQueue({ places: 2, placesAKey, longest, clock: () => Date.now() });
  const enter = async (key: string, patienceMs = PATIENT, gone = STAYS): Promise<boolean> => {
    const leave = await places.enter(key, patienceMs, gone);
    if (!leave) return false;
    order.push(key);
    leaves.push(leave);
    return true;
  };
  /** The one that has held a place longest leaves it. */
  const next = async (): Promise<void> => {
    leaves.shift()?.();
    await vi.advanceTimersByTimeAsync(0);
  };
  return { order, enter, next };
}

it('gives its places at once, then in turn: one to each key, whatever a key has sent', async () => {
  const { order, enter, next } = queue();
  const greedy = Array.from({ length: 8 }, () => enter('greedy'));
  const modest = [enter('modest'), enter('modest'), enter('third')];
  await vi.advanceTimersByTimeAsync(0);
  for (let left = 0; left < 9; left++) await next();
  expect(await Promise.all([...greedy, ...modest])).toEqual(Array(11).fill(true));
  expect(order.slice(0, 7)).toEqual(['greedy', 'greedy', 'greedy', 'modest', 'third', 'greedy', 'modest']);
});

it('answers who waits by the end of his patience', async () => {
  const { enter } = queue();
  await Promise.all([enter('a'), enter('a')]);
  const waited = enter('a', 150);
  await vi.advanceTimersByTimeAsync(151);
  expect(await waited).toBe(false);
});

it('keeps no place in the line for a caller that is gone already', async () => {
  const { enter, next } = queue();
  await Promise.all([enter('a'), enter('a')]);
  expect(await enter('b', PATIENT, AbortSignal.abort())).toBe(false);
  const waiting = enter('a');
  await next();
  expect(await waiting).toBe(true);
});

it('refuses at once who would wait longer than he can, by the pace at which places become free', async () => {
  const { enter, next } = queue();
  const waiting = Array.from({ length: 10 }, () => enter('a'));
  for (let left = 0; left < 4; left++) {
    await vi.advanceTimersByTimeAsync(100);
    await next();
  }
  // Four wait, and one place becomes free each 100 ms: the newcomer's turn comes in 500 ms, that of another key in 200.
  expect(await enter('a', 450)).toBe(false);
  const other = enter('b', 450);
  const patient = enter('a', 1_000);
  for (let left = 0; left < 8; left++) await next();
  expect(await Promise.all([other, patient, ...waiting])).toEqual(Array(12).fill(true));
});

it('makes room in a full queue for a key that has waited for less', async () => {
  const { enter, next } = queue(3);
  const greedy = Array.from({ length: 5 }, () => enter('greedy'));
  expect(await enter('greedy')).toBe(false);
  const modest = enter('modest');
  expect(await greedy[4]).toBe(false);
  for (let left = 0; left < 3; left++) await next();
  expect(await modest).toBe(true);
});

it('forgets who is gone, and gives his turn to the next', async () => {
  const { order, enter, next } = queue();
  await Promise.all([enter('a'), enter('a')]);
  const gone = new AbortController();
  const left = enter('gone', PATIENT, gone.signal);
  const stays = enter('stays');
  gone.abort();
  expect(await left).toBe(false);
  await next();
  expect(await stays).toBe(true);
  expect(order).toEqual(['a', 'a', 'stays']);
});

it('leaves a place to other keys where one key may hold only some, and gives it the next as soon as it left one', async () => {
  const { order, enter, next } = queue(100, 1);
  const greedy = [enter('greedy'), enter('greedy')];
  await vi.advanceTimersByTimeAsync(0);
  expect(order).toEqual(['greedy']);
  await enter('modest');
  const third = enter('third');
  await next();
  expect(order).toEqual(['greedy', 'modest', 'greedy']);
  await next();
  await Promise.all([...greedy, third]);
  expect(order).toEqual(['greedy', 'modest', 'greedy', 'third']);
});
