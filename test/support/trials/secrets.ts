import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { exportSecret } from '../../../src/commands/export-secret.ts';
import { restoreSecret } from '../../../src/commands/restore-secret.ts';
import { embeddedWorld } from '../../scenarios/embedded.ts';
import { makeKeeper } from '../../scenarios/sealed.ts';
import type { Trial, Trials } from '../every-request.ts';
import { runnerOf } from '../faults.ts';
import { sha256, takePoints } from '../payloads.ts';

const keeper = await makeKeeper();
const recipients = keeper.recipient;
const identity = keeper.environment.IDENTITY;

async function prepared() {
  const world = await embeddedWorld({ tickMs: 2 });
  const { seed, state, clock } = world.cloud;
  const key = seed.addSecret(randomBytes(32), {
    name: 'a key',
    secretType: 'symmetric',
    algorithm: 'aes',
    bitLength: 256,
    mode: 'xts',
    metadata: { purpose: 'db' },
    acl: {
      users: [state.user('small').id],
      projectAccess: false,
      createdAt: clock.now(),
      updatedAt: clock.now(),
    },
  });
  // Without a name, as Cinder's own.
  const phrase = seed.addSecret(Buffer.from(`${randomBytes(12).toString('hex')}\n`), {
    name: null,
    secretType: 'passphrase',
    contentType: 'text/plain',
  });
  return { world, run: runnerOf(world), key, phrase };
}

async function exports(): Promise<Trial> {
  const { world, run, key, phrase } = await prepared();
  const digests = new Map([key, phrase].map(({ id, payload }) => [id, sha256([payload ?? Buffer.of()])]));
  return {
    world,
    run: () => run(exportSecret, { secrets: `${key.id}\n${phrase.id}`, recipients }),
    prove: async ({ code }) => {
      const points = await takePoints(world, identity);
      for (const point of points) expect(point.opened).toBe(digests.get(point.resource.id));
      expect(points.length === 2).toBe(code === 0);
      return [];
    },
  };
}

async function restores(): Promise<Trial> {
  const { world, run, key, phrase } = await prepared();
  const saved = await run(exportSecret, { secrets: `${key.id}\n${phrase.id}`, recipients });
  const manifest = saved.outputs['manifest'] ?? '';
  return {
    world,
    run: () => run(restoreSecret, { manifest, identity, 'allow-unsigned': 'true' }),
    prove: async ({ code, outputs, log }) => {
      const map = new Map(Object.entries(JSON.parse(outputs['secrets'] ?? '{}') as Record<string, string>));
      expect(map.size === 2 && !log.includes('is kept, but this failed')).toBe(code === 0);
      for (const old of [key, phrase]) {
        const newId = map.get(old.id);
        if (newId === undefined) continue;
        const { payload, name, secretType, metadata } = old;
        const settled =
          !log.includes(`${newId}) has all its data`) && !log.includes(`secret ${newId} has all`);
        expect(world.cloud.state.secrets.get(newId)).toMatchObject({
          payload,
          name,
          secretType,
          ...(settled ? { metadata } : {}),
        });
        expect(world.cloud.state.secrets.get(newId)?.acl?.users).toEqual(old.acl?.users);
      }
      return [...map.values()];
    },
  };
}

export const secretExports: Trials = [{ title: 'a fault in the middle of export-secret', open: exports }];
export const secretRestores: Trials = [{ title: 'a fault in the middle of restore-secret', open: restores }];
