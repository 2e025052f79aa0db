import { execFileSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { endAt } from '../scenarios/interrupted.ts';
import { expectExit } from '../scenarios/steps.ts';
import { startWorld, visible } from '../support/github.ts';
import { type Heartbeats, startHeartbeats, startProxy } from '../support/heartbeats.ts';
import { runStep, warningsOf } from '../support/step.ts';
import type { Ran } from '../support/tool.ts';

let world: EmbeddedWorld;
let service: Heartbeats;
let output = '';
const plan = (project: string, method = 'cinder-backup') => `version: 1
project: ${project}
publish: ["directory:openstack-backups"]
back-up: [{name: all, select: all, kinds: [volume], method: ${method}, every: 1d}]
`;

async function run(
  words: readonly string[],
  options: Parameters<EmbeddedWorld['tool']>[1] = {},
): Promise<Ran> {
  const { environment, ...more } = options;
  const ran = await world.tool(
    [...words, '--plan', 'plan.yml', '--heartbeat', 'env:HEARTBEAT', '--verbose'],
    {
      environment: { HEARTBEAT: service.url, ...environment },
      ...more,
    },
  );
  output += ran.stdout + ran.stderr;
  return ran;
}

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 1024 ** 2 });
  const project = (await world.session('demo')).scope.project.id;
  await writeFile(join(world.directory, 'plan.yml'), plan(project));
  world.cloud.seed.addVolume({ name: 'db' });
}, 60_000);
afterAll(() => world.close());
beforeEach(async () => {
  service = await startHeartbeats();
});
afterEach(async () => {
  const { secret, url } = service;
  await service[Symbol.asyncDispose]();
  const files = await readdir(world.directory, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    files
      .filter((file) => file.isFile())
      .map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')),
  );
  const all = [output, ...texts].join('\n');
  for (const hidden of [secret, new URL(url).host, Buffer.from(secret).toString('base64').slice(0, 30)])
    expect(all).not.toContain(hidden);
});

test('a dry run tells nobody', async () => {
  expectExit(await run(['apply', '--dry-run']), 0);
  expect(service.told).toEqual([]);
});

test('report: start and fail while something is stale, start and success when all is covered', async () => {
  expectExit(await run(['report']), 1);
  expect(service.told.splice(0)).toEqual(['GET /start', 'POST /fail']);
  expect(service.bodies.at(-1)).toBe('1 stale\n');
  expectExit(await run(['apply']), 0);
  expect(service.told.splice(0)).toEqual(['GET /start', 'GET']);
  expectExit(await run(['report']), 0);
  expect(service.told).toEqual(['GET /start', 'GET']);
});

test('apply: start and fail, and why, without the secret that an error repeats', async () => {
  world.cloud.seed.addVolume({ name: 'broken', status: 'error' });
  expectExit(await run(['apply']), 1);
  expect(service.told.splice(0)).toEqual(['GET /start', 'POST /fail']);
  expect(service.bodies.at(-1)).toMatch(/^some of what is due was not saved; 1 failing/);
  world.cloud.seed.removeVolume([...world.cloud.state.volumes.values()].at(-1) as never);
  // Also what is found wrong before the cloud is asked.
  const wrong = await world.tool(
    ['apply', '--plan', `no-${service.secret}.yml`, '--heartbeat', 'env:HEARTBEAT'],
    {
      environment: { HEARTBEAT: service.url },
    },
  );
  output += wrong.stdout + wrong.stderr;
  expectExit(wrong, 2);
  expect(service.told).toEqual(['GET /start', 'POST /fail']);
  expect(service.bodies.at(-1)).toBe('there is no plan at no-***.yml\n');
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s: start, and fail at once', async (signal, code) => {
  world.cloud.seed.addVolume({ name: signal, size: 8 });
  const stopped = await run(['apply'], { onOutput: endAt(' started: ', signal) });
  expectExit(stopped, code);
  expect(service.told).toEqual(['GET /start', 'POST /fail']);
  expect(service.bodies.at(-1)).toBe(`stopped by ${signal}\n`);
});

test('a start that hangs does not keep a stopped run from saying that it failed', async () => {
  world.cloud.seed.addVolume({ name: 'hung', size: 8 });
  service.answers.push('hang');
  const stopped = await run(['apply'], { onOutput: endAt(' started: ', 'SIGTERM') });
  expectExit(stopped, 143);
  expect(service.told).toEqual(['GET /start', 'POST /fail']);
  expect(stopped.stderr).not.toContain('cannot send the heartbeat');
});

test('a service that stumbles is asked again; one that fails, hangs or is away is a warning, and the run stays green', async () => {
  expectExit(await run(['apply']), 0);
  service.told.splice(0);
  service.answers.push(503, 200, 404);
  const stumbled = expectExit(await run(['report']), 0);
  expect(service.told.splice(0)).toEqual(['GET /start', 'GET /start', 'GET']);
  expect(stumbled.stderr).toContain(
    'warning: cannot send the heartbeat (success): HTTP 404: check the URL in --heartbeat',
  );
  service.answers.push(301, 'hang');
  const began = Date.now();
  const hung = expectExit(await run(['report']), 0);
  expect(hung.stderr).toContain('cannot send the heartbeat (start): HTTP 301: redirects are not followed');
  expect(hung.stderr).toContain('cannot send the heartbeat (success): timed out');
  expect(Date.now() - began).toBeLessThan(20_000);
  const away = expectExit(
    await run(['report'], { environment: { HEARTBEAT: 'http://127.0.0.1:9/secret-way-1' } }),
    0,
  );
  expect(away.stderr).toContain('cannot send the heartbeat (start): no answer: ECONNREFUSED');
  expect(away.stderr).not.toContain('secret-way');
}, 60_000);

test('what is no URL is refused before anything is asked, and not repeated', async () => {
  const from = world.cloud.requests.length;
  const refused = expectExit(
    await run(['apply'], { environment: { HEARTBEAT: `ftp://x/${service.secret}` } }),
    2,
  );
  expect(refused.stderr).toContain('error: --heartbeat is not an http or https URL');
  const plain = await world.tool(['report', '--heartbeat', service.url]);
  expect(expectExit(plain, 2).stderr + plain.stdout).not.toContain(service.secret);
  expect(world.cloud.requests.length).toBe(from);
});

test('through a proxy, and with an authority of its own', async () => {
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const [key, cert] = [join(world.directory, 'key.pem'), join(world.directory, 'cert.pem')];
  const made = ['-keyout', key, '-out', cert, '-days', '2', '-nodes', '-newkey', 'rsa:2048'];
  execFileSync('openssl', ['req', '-x509', ...made, ...subject], { stdio: 'ignore' });
  await using secure = await startHeartbeats({
    key: await readFile(key, 'utf8'),
    cert: await readFile(cert, 'utf8'),
  });
  await using proxy = await startProxy();
  const cloud = new URL(world.environment('demo')['OS_AUTH_URL'] ?? '').host;
  const environment = {
    HEARTBEAT: secure.url,
    https_proxy: proxy.url,
    http_proxy: proxy.url,
    no_proxy: cloud,
  };
  const unknown = expectExit(await run(['report'], { environment }), 0);
  expect(unknown.stderr).toContain(
    'cannot send the heartbeat (start): no answer: DEPTH_ZERO_SELF_SIGNED_CERT',
  );
  expect(secure.told).toEqual([]);
  expectExit(await run(['report'], { environment: { ...environment, NODE_EXTRA_CA_CERTS: cert } }), 0);
  expect(secure.told).toEqual(['GET /start', 'GET']);
  expect(new Set(proxy.tunnels)).toEqual(new Set([new URL(secure.url).host]));
}, 60_000);

test('a step of a workflow: the page of the run is told, and the URL stays masked', async () => {
  await using job = await startWorld();
  job.cloud.seed.addVolume({ name: 'db' });
  const { OS_PROJECT_ID: id = '' } = job.job.environment;
  await writeFile(
    join(job.job.workspace, 'plan.yml'),
    plan(id || [...job.cloud.state.projects.keys()][0] || ''),
  );
  service.answers.push(500, 500, 500);
  const told = await runStep(job.job, {
    action: 'report',
    inputs: { plan: 'plan.yml', heartbeat: service.url },
  });
  expect(told.code).toBe(1);
  expect(service.told).toEqual(['GET /start', 'GET /start', 'GET /start', 'POST /fail']);
  expect(service.bodies.at(-1)).toMatch(
    new RegExp(`^.+\\nhttps://github.com/acme/infra/actions/runs/${job.run.id}\\n$`),
  );
  expect(warningsOf(told)).toContain('cannot send the heartbeat (start): HTTP 500');
  output += visible(told);
}, 60_000);
