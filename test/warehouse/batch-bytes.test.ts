import { expect, test } from 'vitest';
import { BatchBytes } from '../../src/warehouse/batch-bytes.js';

test('a batch holds what was added to it, whatever its characters, and is told full at its limit', () => {
  const batch = new BatchBytes(200_000);
  const texts = ['plain', '', '客户姓名', '𝄞 and \ud83d\ude00', 'é'.repeat(70_000), 'x'.repeat(100_000)];
  for (const text of texts) {
    expect(batch.full).toBe(false);
    batch.addText(text);
  }
  expect(batch.full).toBe(true);
  expect(batch.take().toString('utf8')).toBe(texts.join(''));
  expect(batch).toMatchObject({ length: 0, full: false });
});

test('what was taken stays while the next batch fills, and its buffer is used again after that', () => {
  const batch = new BatchBytes(1_000_000);
  const fill = (letter: string): Buffer => {
    for (let row = 0; row < 1000; row++) batch.addText(letter.repeat(1000));
    return batch.take();
  };
  fill('a');
  const second = fill('b');
  for (let row = 0; row < 500; row++) batch.addText('c'.repeat(1000));
  expect(second.toString()).toBe('b'.repeat(1_000_000));
  batch.take();
  const buffers = new Set(['d', 'e', 'f', 'g'].map((letter) => fill(letter).buffer));
  expect(buffers.size).toBe(2);
  for (const { byteLength } of buffers) expect(byteLength).toBeLessThan(1_200_000);
});
