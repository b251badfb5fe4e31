import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import loginShare from '../features/customer/login_share.v1.on_demand.js';

test('the share is of 30 days, and unknown without any event', () => {
  deepEqual(loginShare.compute({ days: 12 }), { login_share_30d: 0.4 });
  deepEqual(loginShare.compute({ days: null }), { login_share_30d: null });
});
