import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { World } from '../scenarios/world.ts';
import { type RewritingProxy, rewritingProxy } from '../support/rewriting-proxy.ts';
import { type Made, ROWS } from './oddities.table.ts';
import { realWorld } from './world.ts';

let world: World;
let proxy: RewritingProxy;
let made: Made;

beforeAll(async () => {
  world = await realWorld();
  proxy = await rewritingProxy({
    identity: 'http://127.0.0.1:5000',
    volume: 'http://127.0.0.1:8776',
    image: 'http://127.0.0.1:9292',
    compute: 'http://127.0.0.1:8774',
    key: 'http://127.0.0.1:9311',
  });
  const [volume, server] = await Promise.all([
    world.makeVolume({ name: 'odd' }),
    world.makeServer({ name: 'proof', image: true }),
  ]);
  made = { volume, server: server.id };
}, 300_000);

afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]();
  await world?.close();
}, 180_000);

describe('oddities of clouds, each made of the real answers', () => {
  test('are at least 25', () => {
    expect(ROWS.length).toBeGreaterThanOrEqual(25);
  });

  test.each(ROWS)(
    '$oddity',
    async (row) => {
      proxy.become(row);
      const environment = { OS_AUTH_URL: `${proxy.url('identity')}/v3`, ...row.environment };
      const ran = await world.tool(row.words(made), { environment });
      const printed = `${ran.stdout}\n${ran.stderr}`;
      expect({ code: ran.code, printed }).toMatchObject({
        code: row.code,
        printed: expect.stringMatching(row.prints),
      });
      if (row.printsNot !== undefined) expect(printed).not.toMatch(row.printsNot);
      if (row.asks !== undefined) {
        const asked = proxy.asked.map(({ method, service, path }) => `${method} ${service} ${path}`);
        expect(asked.join('\n')).toMatch(row.asks);
      }
    },
    120_000,
  );
});
