import { describe, expect, it } from 'vitest';
import type { View } from '../../src/core/definitions/definitions.js';
import { splitProgress } from '../../src/materialize/progress.js';
import { sideBySide } from '../../src/materialize/side-by-side.js';

const named = (id: string): View => ({ id, origin: { kind: 'query' } }) as unknown as View;
const scoresOf = (id: string, inputs: readonly View[]): View =>
  ({ id, origin: { kind: 'scores', model: { features: inputs.map((view) => ({ view })) } } }) as unknown as View;
const unaborted = new AbortController().signal;

/** Work that ends when it is told to. */
function works() {
  const open = new Map<string, { readonly end: () => void; readonly fail: (error: Error) => void }>();
  const begun: string[] = [];
  return {
    begun,
    work: ({ id }: View, index: number, signal: AbortSignal) =>
      new Promise<string>((resolve, reject) => {
        begun.push(id);
        signal.addEventListener('abort', () => reject(new Error(`${id} stopped`)));
        open.set(id, { end: () => resolve(`${id} ${index}`), fail: reject });
      }),
    async end(id: string) {
      open.get(id)?.end();
      await new Promise(setImmediate);
    },
    async fail(id: string, error: Error) {
      open.get(id)?.fail(error);
      await new Promise(setImmediate);
    },
  };
}

describe('views side by side', () => {
  it('are at most as many as may be, and give their results in the order of the views', async () => {
    const { begun, work, end } = works();
    const all = sideBySide(['a', 'b', 'c'].map(named), { most: 2, signal: unaborted }, work);
    expect(begun).toEqual(['a', 'b']);
    await end('b');
    expect(begun).toEqual(['a', 'b', 'c']);
    await end('c');
    await end('a');
    expect(await all).toEqual(['a 0', 'b 1', 'c 2']);
  });

  it('wait for those of their inputs that are among them', async () => {
    const { begun, work, end } = works();
    const [a, b, elsewhere] = ['a', 'b', 'elsewhere'].map(named) as [View, View, View];
    const views = [a, b, scoresOf('s', [a, elsewhere])];
    const all = sideBySide(views, { most: 3, signal: unaborted }, work);
    expect(begun).toEqual(['a', 'b']);
    await end('b');
    expect(begun).toEqual(['a', 'b']);
    await end('a');
    expect(begun).toEqual(['a', 'b', 's']);
    await end('s');
    expect(await all).toHaveLength(3);
  });

  it('stop with the first that fails, whose failure is told once all have ended, and none begins after it', async () => {
    const { begun, work, fail } = works();
    const all = sideBySide(['a', 'b', 'c'].map(named), { most: 2, signal: unaborted }, work);
    const told = expect(all).rejects.toThrow('the first');
    await fail('b', new Error('the first'));
    await told;
    expect(begun).toEqual(['a', 'b']);
  });

  it('share a progress that only grows, by what each has to do', async () => {
    const seen: number[] = [];
    let waiting = 0;
    const whole = {
      signal: unaborted,
      report: async (fraction: number) => {
        expect(++waiting).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, seen.length === 0 ? 5 : 0));
        seen.push(fraction);
        waiting--;
      },
    };
    const [large, small] = splitProgress(whole, [3, 1]);
    await Promise.all([large?.report(0.5), small?.report(1), large?.report(0.4), large?.report(1)]);
    expect(seen).toEqual([0.375, 0.625, 0.625, 1]);
  });
});
