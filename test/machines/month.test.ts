import { randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from '@jest/globals';
import { createBackup, getBackup } from '../../src/openstack/blockstorage/v3/backups.ts';
import { realWorld } from '../cloud/world.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { backupsOf, expectExit, type Scenario } from '../scenarios/steps.ts';
import { suite } from '../scenarios/suite.ts';
import type { World } from '../scenarios/world.ts';
import { Later } from '../support/later.ts';
import { rewritingProxy } from '../support/rewriting-proxy.ts';
import type { Ran } from '../support/tool.ts';
import { waitFor } from '../support/wait.ts';

const WEEK = 7 * 86_400_000;
const RUNS = 6;
const CLOCK = pathToFileURL(join(import.meta.dirname, '../support/clock-preload.mjs')).href;

const PLAN = (project: string, recipient: string) => `version: 1
project: ${project}
recipients: [${recipient}]
store: directory:openstack-backups/payloads
publish: ["directory:openstack-backups"]
keep: {weekly: 3, min-copies: 2}
back-up:
  - {name: disks, select: "name:m-*", kinds: [server, volume], method: cinder-backup, max-chain: 2, every: 6d}
  - {name: rest, select: "name:m-*", kinds: [image, secret], every: 6d, keep: {last: 2, min-copies: 2}}
exclude:
  - {select: own, reason: backed up by hand}
report:
  fail-on: [uncovered, stale, failing]
`;

/** Made once, by one who has nothing to do with the plan. */
async function byHand(world: World): Promise<string> {
  const volume = await world.makeVolume({ name: 'own', content: randomBytes(1000) });
  const client = await (await world.session()).service('block-storage');
  const id = await createBackup(client, { volumeId: volume, name: 'own', incremental: false, force: false });
  await waitFor(`backup ${id} of a person`, async () => (await getBackup(client, id)).status === 'available');
  return id;
}

const month: Scenario = {
  name: 'six weekly runs of a plan, pruned each time: what remains is what the rules say, and each kind comes back',
  async run(world) {
    const keeper = await makeKeeper();
    const later = new Later();
    await using proxy = await rewritingProxy({
      identity: 'http://127.0.0.1:5000',
      volume: 'http://127.0.0.1:8776',
      image: 'http://127.0.0.1:9292',
      compute: 'http://127.0.0.1:8774',
      key: 'http://127.0.0.1:9311',
    });
    proxy.become(later.oddity);
    const tool = (...words: string[]): Promise<Ran> =>
      world.tool([...words, '--json'], {
        environment: {
          ...keeper.environment,
          OS_AUTH_URL: `${proxy.url('identity')}/v3`,
          NODE_OPTIONS: `--import=${CLOCK}`,
          CLOCK_AHEAD_MS: String(later.ahead),
        },
      });
    const { project } = (await world.session()).scope;
    const plan = ['--plan', 'plan.yml'];
    await writeFile(join(world.directory, 'plan.yml'), PLAN(project.id, keeper.recipient));

    const own = await byHand(world);
    const [db, log, vault, root, data] = await Promise.all([
      world.makeVolume({ name: 'm-db', content: randomBytes(1 << 20) }),
      world.makeVolume({ name: 'm-log' }),
      world.makeVolume({ name: 'm-vault', type: 'luks', content: randomBytes(1 << 20) }),
      world.makeVolume({ name: 'm-root', bootable: true }),
      world.makeVolume({ name: 'm-data' }),
    ]);
    const web = await world.makeServer({ name: 'm-web', image: true });
    const shop = await world.makeServer({ name: 'm-shop', rootVolume: root, volumes: [{ id: data }] });
    const image = await world.makeImage({ name: 'm-golden', bytes: randomBytes(100_000) });
    const key = randomBytes(32);
    const secret = await world.makeSecret({
      name: 'm-key',
      payload: key,
      secretType: 'opaque',
      contentType: 'application/octet-stream',
    });

    const digests: { db: string; vault: string; data: string; web: string }[] = [];
    const times: string[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      if (run > 0) later.pass(WEEK);
      for (const id of [db, vault, data]) await world.write(id, 9 << 20, randomBytes(100_000));
      digests.push({
        db: await world.digest(db),
        vault: await world.digest(vault),
        data: await world.digest(data),
        web: await world.rootDigest(web.id),
      });
      const ran = expectExit(await tool('apply', ...plan, '--allow-unsigned'), 0);
      times.push(new Date(Date.now() + later.ahead).toISOString());
      const count = (of: string) => (ran.json[of] as unknown[] | undefined)?.length ?? 0;
      process.stdout.write(
        `run ${run}, ${times[run]}: ${ran.json['due']} due, ${count('restore-points')} saved, ${count('pruned')} deleted\n`,
      );
      // The same night again: nothing is due, and nothing goes.
      const again = expectExit(await tool('apply', ...plan, '--allow-unsigned'), 0);
      expect([Number(again.json['due']), again.json['pruned']]).toEqual([0, []]);
    }

    // The newest of three weeks, and the chains of two that they are in.
    const left = await backupsOf(world);
    const count = (id: string) => left.filter(({ volumeId }) => volumeId === id).length;
    expect([db, log, vault, root, data].map(count)).toEqual([4, 4, 4, 4, 4]);
    expect(left.map(({ id }) => id)).toContain(own);
    const listed = expectExit(await tool('list'), 0).json['points'] as {
      kind: string;
      name: string;
      state: string;
    }[];
    const states = new Set(listed.map(({ state }) => state));
    expect([...states]).toEqual(['whole']);
    process.stdout.write(
      `left: ${JSON.stringify(listed.map(({ kind, name }) => `${kind} ${name}`).sort())}\n`,
    );

    expect(
      (expectExit(await tool('report', ...plan), 0).json['counts'] as { uncovered: number }).uncovered,
    ).toBe(0);
    const stray = await world.makeVolume({ name: 'stray' });
    const red = expectExit(await tool('report', ...plan), 1);
    expect(red.json['coverage']).toContainEqual(
      expect.objectContaining({ name: 'stray', status: 'uncovered' }),
    );
    await world.removeVolume(stray);

    await web.remove();
    await shop.remove();
    for (const id of [db, log, vault, root, data]) await world.removeVolume(id);
    await world.removeImage(image);
    await world.removeSecret(secret);

    const back = async (command: string, ...words: string[]) =>
      expectExit(await tool(command, ...words, '--allow-unsigned', '--identity', 'env:IDENTITY'), 0).json;
    const volume = async (name: string, at: number) =>
      String((await back('restore-volume', '--volume', name, '--at', times[at] ?? ''))['volume-id']);
    expect(await world.digest(await volume('m-db', 3))).toBe(digests[3]?.db);
    expect(await world.digest(await volume('m-vault', 5))).toBe(digests[5]?.vault);
    const webBack = await back('restore-server', '--server', 'm-web', '--at', times[5] ?? '');
    expect(await world.rootDigest(String(webBack['server-id']))).toBe(digests[5]?.web);
    const shopBack = await back('restore-server', '--server', 'm-shop', '--at', times[4] ?? '');
    const { disks } = shopBack['report'] as { disks: { id: string }[] };
    expect(await world.digest(disks[1]?.id ?? '')).toBe(digests[4]?.data);
    const imageBack = String(
      (await back('restore-image', '--image', 'm-golden', '--at', times[5] ?? ''))['image-id'],
    );
    expect(await world.imageBytes(imageBack)).toHaveLength(100_000);
    const secretBack = String(
      (await back('restore-secret', '--secrets', 'm-key', '--at', times[5] ?? ''))['secret-id'],
    );
    expect((await world.secretBytes(secretBack)).equals(key)).toBe(true);
    expect((await readdir(join(world.directory, 'openstack-backups'))).length).toBeGreaterThan(1);
  },
};

suite('a month on the real cloud, by a clock in hand', [month], realWorld, 3_600_000);
