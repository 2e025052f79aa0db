import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { SecretPoint } from '../../src/manifest/schema.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { manifestIn, STORE, storeFiles } from '../scenarios/sealed.ts';
import { expectExit } from '../scenarios/steps.ts';
import { startWorld, visible } from '../support/github.ts';
import { startStep } from '../support/step.ts';

const payload = randomBytes(32);

async function withSecret(use: (world: EmbeddedWorld, id: string) => Promise<void>): Promise<void> {
  const world = await embeddedWorld();
  try {
    const fields = { secretType: 'symmetric', contentType: 'application/octet-stream' } as const;
    await use(world, await world.makeSecret({ name: 'lone', payload, ...fields }));
  } finally {
    await world.close();
  }
}

describe('a key in clear', () => {
  test('is not written by an action, and nothing is asked of the cloud', async () => {
    await using world = await startWorld();
    const secret = world.cloud.seed.addSecret(payload);
    const step = {
      action: 'export-secret',
      inputs: { secrets: secret.id, plaintext: 'true', store: 'directory:keys' },
    };
    const told = await (await startStep(world.job, step)).done;
    expect(told.code).toBe(2);
    expect(visible(told)).toContain('`plaintext` works only in a terminal');
    expect(world.cloud.requests).toEqual([]);
    expect(await readdir(world.job.workspace)).toEqual([]);
  });

  test('is not written by the program in a step of a workflow', async () => {
    await withSecret(async (world, id) => {
      const words = ['export-secret', '--secrets', id, '--plaintext'];
      const refused = expectExit(await world.tool(words, { environment: { GITHUB_ACTIONS: 'true' } }), 2);
      expect(refused.stderr).toContain('--plaintext works only in a terminal');
      expect(await storeFiles(world)).toEqual([]);
    });
  });

  test('is not written in a terminal unless asked for by name, and then for its user alone', async () => {
    await withSecret(async (world, id) => {
      const words = ['export-secret', '--secrets', id, '--json'];
      expect(expectExit(await world.tool(words), 2).stderr).toContain('no recipients given');
      expect(await storeFiles(world)).toEqual([]);

      const ran = expectExit(await world.tool([...words, '--plaintext']), 0);
      expect(ran.stderr).toContain('the keys are written in clear');
      const [point] = (await manifestIn(ran)).restorePoints as SecretPoint[];
      expect(point?.method).toBe('plaintext');
      const file = join(STORE(world), point?.payload.name ?? '');
      expect((await readFile(file)).equals(payload)).toBe(true);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      // Before the hunt, which would find it.
      await rm(file);
    });
  });
});
