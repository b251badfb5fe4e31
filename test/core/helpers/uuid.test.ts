import { describe, expect, it } from 'vitest';
import { namedUuid, newUuid } from '../../../src/core/helpers/uuid.js';

const FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('UUIDs', () => {
  it('are of version 7 and sort as text by their millisecond', () => {
    const instants = [0, 1, Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 1) + 1, 2 ** 47];
    const ids = instants.map(newUuid);
    for (const id of ids) expect(id).toMatch(FORM);
    expect([...ids].sort()).toEqual(ids);
  });

  it('differ within a millisecond', () => {
    expect(new Set(Array.from({ length: 1_000 }, () => newUuid(5))).size).toBe(1_000);
  });

  it('that have a name are the same for the same instant and name, and no other', () => {
    expect(namedUuid(5, 'a')).toBe(namedUuid(5, 'a'));
    expect(namedUuid(5, 'a')).toMatch(FORM);
    expect(new Set([namedUuid(5, 'a'), namedUuid(5, 'b'), namedUuid(6, 'a')]).size).toBe(3);
  });
});
