/** A route without its declaration fails when it is registered, before anything is served. */
import { fastify } from 'fastify';
import { describe, expect, it } from 'vitest';
import { registerAccess } from '../../src/http/access.js';
import { guardedRoute, OPEN } from '../../src/http/route-access.js';

const handler = async () => 'served';
const SECRETS = guardedRoute('GET', '/secrets', { roles: ['admin'], audit: true });

function server(guarded = [SECRETS]) {
  const http = fastify();
  registerAccess(http, {
    keys: { authenticate: () => null },
    guarded,
    audit: { record: async () => undefined, noteStranger: () => undefined },
    now: () => 0,
  });
  return http;
}

describe('a route', () => {
  it('is not registered without declaring who may call it', () => {
    expect(() => server().get('/secrets', handler)).toThrow('route without a declared role: GET /secrets');
  });

  it('is not registered where the table of roles would lack it', () => {
    const unlisted = guardedRoute('GET', '/unlisted', { roles: ['admin'], audit: false });
    expect(() => server().route({ ...unlisted, handler })).toThrow('route missing from GUARDED_ROUTES: GET /unlisted');
  });

  it('is registered with its declaration, HEAD too, and closed without a key unless it is open', async () => {
    const http = server();
    http.route({ ...SECRETS, handler });
    http.get('/open', OPEN, handler);
    const status = async (method: 'GET' | 'HEAD', url: string) => (await http.inject({ method, url })).statusCode;
    expect(await status('GET', '/open')).toBe(200);
    expect(await status('GET', '/secrets')).toBe(401);
    expect(await status('HEAD', '/secrets')).toBe(401);
    await http.close();
  });
});
