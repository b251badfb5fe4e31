import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { repeat } from '../../src/core/async.js';

describe('repeat', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** When rounds that take so long begin within so much time, in ms. */
  async function begins(roundMs: number, within: number, fromBegin: boolean): Promise<number[]> {
    const started = Date.now();
    const at: number[] = [];
    const round = async () => {
      at.push(Date.now() - started);
      await new Promise((resolve) => setTimeout(resolve, roundMs));
    };
    const onError = (error: unknown) => expect.unreachable(String(error));
    const repeated = repeat(round, { everyMs: 100, fromBegin, onError });
    await vi.advanceTimersByTimeAsync(within);
    const stopped = repeated.stop();
    await vi.advanceTimersByTimeAsync(roundMs);
    await stopped;
    return at;
  }

  it('waits from the end of a round to the begin of the next', async () => {
    expect(await begins(60, 450, false)).toEqual([100, 260, 420]);
  });

  it('begins a round at each interval where it counts from the begin, and never two at once', async () => {
    expect(await begins(60, 450, true)).toEqual([100, 200, 300, 400]);
    expect(await begins(150, 450, true)).toEqual([100, 250, 400]);
  });
});
