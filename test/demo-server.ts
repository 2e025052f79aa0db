import { randomBytes } from 'node:crypto';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { embeddedWorld } from './scenarios/embedded.ts';
import { manifestOf } from './scenarios/steps.ts';
import type { Person } from './scenarios/world.ts';
import type { Ran } from './support/tool.ts';

/**
 * `npm run demo:server`: a server with a disk of its own, a plain and an encrypted volume is saved into a directory and
 * deleted with all its keys, and comes back in another project of a cloud in this process. Every command is the real
 * program, in a process of its own.
 */
const say = (line: string) => process.stdout.write(`${line}\n`);
const world = await embeddedWorld({
  tickMs: 40,
  ticksPerGib: 12,
  capabilities: { luksHeaderInside: true },
});
const started = Date.now();
const identity = await generateIdentity();

async function run(user: Person, ...words: string[]): Promise<Ran> {
  say(`\n${user}$ openstack-backup ${words.join(' ')}`);
  const ran = await world.tool([...words, '--json'], { user, environment: { IDENTITY: identity } });
  for (const line of ran.stderr.trimEnd().split('\n')) say(`  ${line}`);
  if (ran.code !== 0) throw new Error(`exit ${ran.code}`);
  return ran;
}

function expectSame(what: string, then: string, now: string): void {
  say(`  ${then === now ? 'same bytes' : 'OTHER BYTES'}: ${what}`);
  if (then !== now) throw new Error(`${what} came back with other bytes`);
}

try {
  say('A server "shop" of project demo: a disk of its own, "photos", and "ledger", which is encrypted.');
  const volumes = [
    await world.makeVolume({ name: 'photos', content: randomBytes(1 << 20) }),
    await world.makeVolume({ name: 'ledger', type: 'luks', content: randomBytes(1 << 20) }),
  ];
  const server = await world.makeServer({
    name: 'shop',
    image: true,
    volumes: volumes.map((id) => ({ id })),
    metadata: { role: 'shop' },
  });
  await world.writeRoot(server.id, 8 << 20, randomBytes(1 << 20));

  say(
    '\nIt is saved while it runs. Data and keys leave the cloud, sealed to an age key that this job does not have.',
  );
  const recipients = await identityToRecipient(identity);
  const saved = await run(
    'demo',
    'backup-server',
    '--servers',
    'shop',
    '--store',
    'directory:payloads',
    '--recipients',
    recipients,
  );
  const then = [
    await world.rootDigest(server.id),
    ...(await Promise.all(volumes.map((id) => world.digest(id)))),
  ];

  say('\nThe worst day: the server, its volumes and with them their keys are deleted.');
  await server.remove();
  for (const id of volumes) await world.removeVolume(id);
  say(`  left in project demo: ${JSON.stringify(await world.leftBehind())}`);

  const restored = await run(
    'small',
    'restore-server',
    '--manifest',
    manifestOf(saved),
    '--store',
    'directory:payloads',
    '--identity',
    'env:IDENTITY',
    '--allow-unsigned',
    '--allow-other-project',
  );
  const { disks } = restored.json['report'] as { disks: { id: string }[] };
  const now = [
    await world.rootDigest(String(restored.json['server-id'])),
    ...(await Promise.all(disks.slice(1).map(({ id }) => world.digest(id)))),
  ];
  for (const [at, what] of ['its own disk', 'photos', 'ledger'].entries())
    expectSame(what, then[at] ?? '', now[at] ?? 'nothing');

  say(
    `\nThe server runs in project small with the same bytes, after ${Math.round((Date.now() - started) / 1000)} s.`,
  );
} finally {
  await world.close();
}
