/** Rule 17. Redis is set to a policy, and opened as a process of ours opens it when it starts. */
import { expect } from 'vitest';
import { openRedis } from '../../src/online/redis.js';
import { silentLog } from '../online/definitions.js';
import { type Case, defineRule, shared } from './conformance.js';
import { type OnlineWorld, openOnlineWorld } from './online-world.js';

const WRONG = [
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
] as const;

type Purpose = 'serving' | 'queue';

interface Opening extends Case {
  readonly policy: string;
  readonly purpose: Purpose;
  readonly refused: boolean;
}

const CASES: readonly Opening[] = [
  ...(['serving', 'queue'] as const).flatMap((purpose): Opening[] => [
    ...WRONG.map((policy) => ({
      name: `${policy} is refused with the reason where Redis is opened for ${purpose === 'queue' ? 'jobs' : 'values'}`,
      policy,
      purpose,
      refused: true,
    })),
    {
      name: `noeviction is taken where Redis is opened for ${purpose === 'queue' ? 'jobs' : 'values'}`,
      policy: 'noeviction',
      purpose,
      refused: false,
    },
  ]),
];

const world = shared(() => openOnlineWorld());

defineRule<Opening, OnlineWorld>(
  {
    rule: 17,
    open: world,
    async check({ policy, purpose, refused }, { url, raw }) {
      await raw.config('SET', 'maxmemory-policy', policy);
      const opening = openRedis({ url, log: silentLog, purpose });
      if (!refused) {
        const { client, close } = await opening;
        expect(await client.ping()).toBe('PONG');
        await close();
        return;
      }
      await expect(opening).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        // Which policy it is, what that would do, and what to write instead.
        message: expect.stringMatching(new RegExp(`maxmemory-policy ${policy}:.*drop`)),
        hint: expect.stringContaining('maxmemory-policy noeviction'),
      });
    },
  },
  CASES,
);
