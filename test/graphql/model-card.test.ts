import { expect, it } from 'vitest';
import { refsOf } from '../../src/core/definitions/definitions.js';
import { cardWithout } from '../../src/graphql/model-card.js';
import { fixtureRegistry } from '../support/registries.js';

it('a model card for a caller from whom a feature is hidden does not name it', async () => {
  const { views } = await fixtureRegistry();
  const view = [...views.values()].find(({ id }) => id === 'customer_profile@1');
  if (!view) throw new Error('the fixtures have no customer_profile@1');
  const hidden = refsOf(view).filter(({ feature }) => feature.name === 'phone_hash');
  const card = {
    purpose: 'a test',
    features: ['customer_profile@1:segment', 'customer_profile@1:phone_hash'],
    columns: ['customer_profile__segment', 'customer_profile__phone_hash', 'customer_profile__phone_hash__0'],
    importance: [{ feature: 'phone_hash', gain: 2 }],
    bins: { phone_hash: [1, 2], segment: [3] },
  };
  expect(cardWithout(card, hidden)).toEqual({
    purpose: 'a test',
    features: ['customer_profile@1:segment'],
    columns: ['customer_profile__segment'],
    importance: [{ feature: null, gain: 2 }],
    bins: { segment: [3] },
  });
  expect(cardWithout(card, [])).toBe(card);
});
