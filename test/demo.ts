import { randomBytes } from 'node:crypto';
import { embeddedWorld } from './scenarios/embedded.ts';
import { manifestOf, pointsOf } from './scenarios/steps.ts';
import type { Ran } from './support/tool.ts';

/**
 * `npm run demo`: backs up a plain and an encrypted volume of a cloud in this process, deletes them, restores them from
 * the manifest, and compares the bytes. Every command is the real program, in a process of its own.
 */
const say = (line: string) => process.stdout.write(`${line}\n`);
const world = await embeddedWorld({ tickMs: 40, ticksPerGib: 12 });
const started = Date.now();

async function run(...words: string[]): Promise<Ran> {
  say(`\n$ openstack-backup ${words.join(' ')}`);
  const ran = await world.tool([...words, '--json']);
  for (const line of ran.stderr.trimEnd().split('\n')) say(`  ${line}`);
  if (ran.code !== 0) throw new Error(`exit ${ran.code}`);
  return ran;
}

async function expectSame(what: string, volumeId: string, digest: string): Promise<void> {
  const same = (await world.digest(volumeId)) === digest;
  say(`  ${same ? 'same bytes' : 'OTHER BYTES'}: ${what}`);
  if (!same) throw new Error(`${what} came back with other bytes`);
}

try {
  say('A cloud with two volumes of 1 GiB: "photos", and "ledger", which is encrypted.');
  const names = ['photos', 'ledger'];
  const ids = [
    await world.makeVolume({ name: 'photos', content: randomBytes(1 << 20), metadata: { backup: 'daily' } }),
    await world.makeVolume({
      name: 'ledger',
      type: 'luks',
      content: randomBytes(1 << 20),
      metadata: { backup: 'daily' },
    }),
  ];

  say('\nThe first backup is full.');
  const first = await run('backup-volume', '--volumes', 'metadata:backup=daily');
  const full = await Promise.all(ids.map((id) => world.digest(id)));

  say('\nSomething is written to both; the next backup is an increment.');
  for (const id of ids) await world.write(id, 24 << 20, randomBytes(100_000));
  const second = await run('backup-volume', '--volumes', 'metadata:backup=daily');
  const later = await Promise.all(ids.map((id) => world.digest(id)));
  say(
    `  made: ${pointsOf(second)
      .map(({ name, mode }) => `${name} ${mode}`)
      .join(', ')}`,
  );

  say('\nThe worst day: both volumes are deleted. All that is left is the manifest.');
  for (const id of ids) await world.removeVolume(id);

  for (const [at, name] of names.entries()) {
    const ran = await run(
      'restore-volume',
      '--manifest',
      manifestOf(second),
      '--volume',
      name,
      '--allow-unsigned',
    );
    await expectSame(`${name} as of the increment`, String(ran.json['volume-id']), later[at] ?? '');
  }
  const ran = await run(
    'restore-volume',
    '--manifest',
    manifestOf(first),
    '--volume',
    'ledger',
    '--name',
    'ledger-before',
    '--allow-unsigned',
  );
  await expectSame('ledger as of the full backup', String(ran.json['volume-id']), full[1] ?? '');

  say(`\nAll came back with the same bytes, after ${Math.round((Date.now() - started) / 1000)} s.`);
} finally {
  await world.close();
}
