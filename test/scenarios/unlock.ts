import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import type { Manifest } from '../../src/manifest/schema.ts';
import { backUp, expectExit, manifestOf, type Scenario } from './steps.ts';

const reader = join(import.meta.dirname, '../../docs/read-store.py');

export const unlockOutside: Scenario = {
  name: 'the image of an encrypted volume, opened outside the cloud with its sealed key: the same contents',
  async run(world) {
    const content = randomBytes(300_000);
    const id = await world.makeVolume({ name: 'vault', type: 'luks', content });
    const identity = await generateIdentity();
    const recipients = ['--recipients', await identityToRecipient(identity)];
    const ran = await backUp(world, [id], '--store', 'directory:store', ...recipients);
    const manifest: Manifest = JSON.parse(await readFile(manifestOf(ran), 'utf8'));
    const [key, volume] = manifest.restorePoints;
    if (key?.method !== 'sealed' || volume?.method !== 'image' || volume.payload === null)
      throw new Error('a key and a volume should have been saved');
    expect(volume.resource.encryption?.key).toMatchObject({ worth: 'sealed, proved', point: key.id });
    await world.removeVolume(id);

    const plain = join(world.directory, 'plain.raw');
    await writeFile(join(world.directory, 'identity.txt'), identity, { mode: 0o600 });
    const reading = [reader, 'store', volume.payload.name, '-i', 'identity.txt', '-o', 'vault.luks'];
    execFileSync('python3', reading, { cwd: world.directory });
    const words = ['--image', 'vault.luks', '--key', `file:store/${key.payload.name}`];
    const unlocked = await world.tool(
      ['unlock', ...words, '--identity', 'env:IDENTITY', '--output', 'plain.raw', '--json'],
      { environment: { IDENTITY: identity } },
    );
    expect(String(expectExit(unlocked, 0).json['luks'])).toMatch(/^LUKS1, aes-xts-plain64/);
    const file = await open(plain);
    const { buffer } = await file.read(Buffer.alloc(content.length), 0, content.length, 0);
    await file.close();
    await rm(plain);
    expect(buffer.equals(content)).toBe(true);
    expect(await world.leftBehind()).toEqual({});
  },
};
