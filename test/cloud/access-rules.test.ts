import { expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { actions } from '../../src/commands/index.ts';
import { noteWorld } from '../scenarios/seen.ts';
import type { World } from '../scenarios/world.ts';
import { errors } from '../support/access-rules/prove.ts';
import type { AnyRow, Row, Words } from '../support/access-rules/row.ts';
import { allRows } from '../support/access-rules/rows.ts';
import { type Rule, rulesOf } from '../support/access-rules/rules.ts';
import { runInProcess } from '../support/in-process.ts';
import { realWorld } from './world.ts';

/** Each service once: the others are tried with ACCESS_RULES=all, which takes a quarter of an hour. */
const USUAL = ['backup-volume as an image, encrypted, to a store', 'restore-server of volumes', 'report'];

const OF_CINDER = 'Cinder, in your name';

const everywhere = (row: Row): row is AnyRow => row.anywhere === true;
const rows = allRows
  .filter(everywhere)
  .filter(({ name }) => process.env['ACCESS_RULES'] === 'all' || USUAL.includes(name));

test.each(rows)(
  'with an application credential of documented rules alone, on the real cloud: $name',
  async (row) => {
    const world = await realWorld();
    try {
      await noteWorld(world);
      const words = await row.prepare(world, async (...given) => {
        const told = await run(world, given, world.environment('demo'));
        expect([given[0], told.code, told.error]).toEqual([given[0], 0, '']);
        return told.outputs;
      });
      // This cloud's Cinder sends Barbican no service token.
      const rules = rulesOf(...row.proved, ...(row.beside ?? []), OF_CINDER);
      const limited = await limitedTo(world, rules);
      const told = await run(world, words, limited);
      expect([told.code, told.error, errors(told)]).toEqual([
        row.code ?? 0,
        '',
        expect.stringContaining(row.error ?? ''),
      ]);
      const refused = await run(world, words, await limitedTo(world, NOTHING));
      // What only looks says what it could not see, and goes on.
      expect(refused.code).toBe(LOOKS.includes(words[0]) ? 0 : 1);
      expect(refused.error + refused.log).toContain('HTTP 401');
    } finally {
      await world.close();
    }
  },
  900_000,
);

const LOOKS = ['list', 'show'];

/** A rule for a request that nobody makes: a list without any means that all is allowed. */
const NOTHING: readonly Rule[] = [{ service: 'image', method: 'GET', path: '/v2/nothing' }];

async function run(
  { directory }: World,
  [name, inputs]: Words,
  environment: Readonly<Record<string, string>>,
) {
  const command = await actions[name]?.();
  if (command === undefined) throw new Error(`there is no command ${name}`);
  return runInProcess(command, inputs, { environment, directory, clock: systemClock });
}

/** Environment of a new application credential of the user, with these rules. */
async function limitedTo(world: World, rules: readonly Rule[]): Promise<Record<string, string>> {
  const own = world.environment('demo');
  const keystone = own['OS_AUTH_URL'] ?? '';
  const domain = { id: 'default' };
  const login = await fetch(`${keystone}/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: own['OS_USERNAME'], password: own['OS_PASSWORD'], domain } },
        },
        scope: { project: { name: own['OS_PROJECT_NAME'], domain } },
      },
    }),
  });
  expect(login.status).toBe(201);
  const { token } = (await login.json()) as { token: { user: { id: string } } };
  const made = await fetch(`${keystone}/users/${token.user.id}/application_credentials`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-auth-token': login.headers.get('x-subject-token') ?? '',
    },
    body: JSON.stringify({
      application_credential: { name: `rules-${Date.now()}-${Math.random()}`, access_rules: rules },
    }),
  });
  const text = await made.text();
  expect([made.status, text]).toEqual([201, expect.any(String)]);
  const { application_credential: credential } = JSON.parse(text) as {
    application_credential: { id: string; secret: string };
  };
  return {
    OS_AUTH_TYPE: 'v3applicationcredential',
    OS_AUTH_URL: keystone,
    OS_APPLICATION_CREDENTIAL_ID: credential.id,
    OS_APPLICATION_CREDENTIAL_SECRET: credential.secret,
    OS_REGION_NAME: own['OS_REGION_NAME'] ?? '',
  };
}
