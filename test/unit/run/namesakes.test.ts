import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { backupServer } from '../../../src/commands/backup-server.ts';
import { backupVolume } from '../../../src/commands/backup-volume.ts';
import { restoreServer } from '../../../src/commands/restore-server.ts';
import { restoreVolume } from '../../../src/commands/restore-volume.ts';
import { type EmbeddedWorld, embeddedWorld } from '../../scenarios/embedded.ts';
import { runnerOf } from '../../support/faults.ts';

// Whole commands, on machines that may be busy.
jest.setTimeout(60_000);

let world: EmbeddedWorld;
let run: ReturnType<typeof runnerOf>;
beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 1 << 22 });
  run = runnerOf(world);
});
afterAll(() => world.close());

test('a restore beside the original tells what becomes of selectors, and the next backup tells the way out', async () => {
  const original = world.cloud.seed.addVolume({ name: 'db' });
  const saved = await run(backupVolume, { volumes: 'db' });
  const restore = { manifest: String(saved.outputs['manifest']), volume: 'db', 'allow-unsigned': 'true' };

  const renamed = await run(restoreVolume, { ...restore, name: 'db-2' });
  expect([renamed.code, renamed.log]).toEqual([0, expect.not.stringContaining('two of that name')]);
  const over = await run(restoreVolume, { ...restore, to: 'db', overwrite: 'true' });
  expect([over.code, over.log]).toEqual([0, expect.not.stringContaining('two of that name')]);

  const beside = await run(restoreVolume, restore);
  expect(beside.code).toBe(0);
  expect(beside.log).toContain(
    `the project already has volume "db" (${original.id}), and will have two of that name: a backup that selects "db" then fails`,
  );
  expect(beside.log).toContain(`openstack volume set --name NEW-NAME ${original.id}`);

  const next = await run(backupVolume, { volumes: 'db' });
  expect(next.code).toBe(2);
  expect(next.error).toContain('2 volumes are called "db"');
  expect(next.error).toContain('name:db for all of them');
  const both = await run(backupVolume, { volumes: 'name:db' });
  expect(JSON.parse(String(both.outputs['restore-points']))).toHaveLength(2);

  // An older manifest, where the name was one's alone, is not the latest.
  const latest = await run(restoreVolume, { ...restore, manifest: 'latest', name: 'db-3' });
  expect(latest.code).toBe(2);
  expect(latest.error).toContain('the manifest has 2 volumes called "db"');
  expect(latest.error).toContain(original.id);
  const byId = await run(restoreVolume, {
    ...restore,
    manifest: 'latest',
    volume: original.id,
    name: 'db-3',
  });
  expect(byId.code).toBe(0);
});

test('a server beside the original, and its volumes', async () => {
  const { seed } = world.cloud;
  const data = seed.addVolume({ name: 'data' });
  const root = seed.addVolume({ name: 'root', bootable: true });
  const server = seed.addServer({ name: 'web', volumes: [root, data] });
  const saved = await run(backupServer, { servers: 'web' });
  expect([saved.code, saved.error]).toEqual([0, '']);
  const manifest = String(saved.outputs['manifest']);
  const told = await run(restoreServer, { manifest, 'allow-unsigned': 'true' }, { dryRun: true });
  for (const [kind, name, id] of [
    ['server', 'web', server.id],
    ['volume', 'data', data.id],
    ['volume', 'root', root.id],
  ])
    expect(told.log).toContain(`the project already has ${kind} "${name}" (${id}), and will have two`);
});

test('recipients without a store save no key, and the warning names what is lacking', async () => {
  world.cloud.seed.addVolume({ name: 'secret', type: 'luks' });
  const recipients = await identityToRecipient(await generateIdentity());
  const given = (more: Record<string, string>) =>
    run(backupVolume, { volumes: 'secret', ...more }, { dryRun: true });
  const warned = 'its key exists only in the cloud: if it loses a key, nobody can open that backup. ';
  const store = 'directory:payloads';
  expect((await given({ recipients })).log).toContain(
    `${warned}To save the keys too, give \`store\` (where they go)\n`,
  );
  expect((await given({ store, method: 'cinder-backup' })).log).toContain(
    `${warned}To save the keys too, give \`recipients\` (who can open them)\n`,
  );
  expect((await given({})).log).toContain(
    `${warned}To save the keys too, give \`store\` (where they go) and \`recipients\` (who can open them)\n`,
  );
  const method = 'cinder-backup';
  expect((await given({ recipients, store, method })).log).not.toContain('exist only in the cloud');
});
