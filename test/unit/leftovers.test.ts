import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { startOf, thisProcess } from '../../src/host/terminal/process.ts';
import { writeTags } from '../../src/temporaries/backup-tags.ts';
import type { Holdings } from '../../src/temporaries/holdings.ts';
import { findLeftovers, stillLeft } from '../../src/temporaries/leftovers.ts';
import {
  formatOwner,
  isAbandoned,
  type Liveness,
  livenessOfProcess,
  type ProcessOwner,
  parseOwner,
} from '../../src/temporaries/owner.ts';
import { readTemporary, writeTemporary } from '../../src/temporaries/tags.ts';
import { backup, image, secret, snapshot, tags, volume } from '../support/records.ts';
import { server } from '../support/server-records.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const [PAST, FUTURE] = ['2026-11-23T11:59:59.000Z', '2026-11-23T12:00:01.000Z'];

describe('an owner', () => {
  test.each([{ kind: 'github', repository: 'o/r.x', run: '12', attempt: '3' } as const, thisProcess()])(
    'is one word: %j',
    (owner) => {
      expect(parseOwner(formatOwner(owner))).toEqual(owner);
      expect(formatOwner(owner).length).toBeLessThan(255);
    },
  );

  test.each(['', 'host:a:b', 'github:o:1:1', 'host:a:b:c:d:e', 'x'])('%j is none', (word) => {
    expect(parseOwner(word)).toBeUndefined();
  });

  const here: ProcessOwner = { kind: 'host', machine: 'm', boot: 'b', namespace: 'n', pid: 10, start: '77' };
  test.each<[string, Partial<ProcessOwner>, string | undefined, Liveness]>([
    ['the same process', {}, '77', 'alive'],
    ['a process that is gone', {}, undefined, 'ended'],
    ['a process id that is used again', {}, '78', 'ended'],
    ['a boot before', { boot: 'x' }, '77', 'ended'],
    ['a container beside', { namespace: 'x' }, '77', 'unknown'],
    ['another machine', { machine: 'x', boot: 'x' }, '77', 'unknown'],
    ['a system without /proc', { start: '0' }, undefined, 'unknown'],
  ])('%s', (_what, change, start, expected) => {
    expect(livenessOfProcess({ ...here, ...change }, here, () => start)).toBe(expected);
  });

  test('a real process, living and dead', async () => {
    const child = spawn('sleep', ['30']);
    const pid = child.pid ?? 0;
    const owner = { ...thisProcess(), pid, start: startOf(pid) ?? '' };
    expect(livenessOfProcess(owner, thisProcess(), startOf)).toBe('alive');
    child.kill('SIGKILL');
    await new Promise((resolve) => child.on('exit', resolve));
    expect(livenessOfProcess(owner, thisProcess(), startOf)).toBe('ended');
    expect(spawnSync('true').status).toBe(0);
  });

  test.each<[Liveness, string | undefined, boolean]>([
    ['ended', FUTURE, true],
    ['alive', PAST, false],
    ['unknown', PAST, true],
    ['unknown', FUTURE, false],
    ['unknown', undefined, false],
    ['unknown', 'soon', false],
  ])('%s until %s: abandoned is %s', (liveness, expires, expected) => {
    expect(isAbandoned(liveness, expires, NOW)).toBe(expected);
  });
});

describe('what a dead run left', () => {
  const dead = 'github:o/r:1:1';
  const living = 'github:o/r:2:1';
  const liveness = async (owner: { kind: string; run?: string }): Promise<Liveness> =>
    owner.run === '1' ? 'ended' : 'alive';
  const started = (owner: string, status: string) =>
    backup({ status, metadata: writeTags(tags({ owner, state: 'started', expires: PAST })) });
  const making = (owner: string, status: string) =>
    volume({ status, description: writeTemporary({ tag: randomUUID(), owner, expires: PAST }) });
  const none: Holdings = { backups: [], volumes: [], snapshots: [], images: [], secrets: [], servers: [] };
  const left = async (holdings: Partial<Holdings>) =>
    (await findLeftovers({ ...none, ...holdings }, liveness, NOW)).map(
      ({ kind, action }) => `${kind} ${action}`,
    );
  const actions = (backups: Holdings['backups'], volumes: Holdings['volumes']) => left({ backups, volumes });

  test('a whole backup is taken up, a failed one deleted, one under way left alone', async () => {
    expect(
      await actions(
        [
          started(dead, 'available'),
          started(dead, 'error'),
          started(dead, 'creating'),
          started(dead, 'error_deleting'),
        ],
        [],
      ),
    ).toEqual(['backup adopt', 'backup delete', 'backup wait', 'backup delete']);
  });

  test('a volume that was being restored to is deleted, unless the cloud is at work on it', async () => {
    expect(
      await actions(
        [],
        [
          making(dead, 'available'),
          making(dead, 'error_restoring'),
          making(dead, 'restoring-backup'),
          making(dead, 'creating'),
        ],
      ),
    ).toEqual(['volume delete', 'volume delete', 'volume wait', 'volume wait']);
  });

  const named = (owner: string) => writeTemporary({ tag: randomUUID(), owner, expires: PAST });

  test('snapshots, images and keys carry their record in a description, a property, the metadata or a name', async () => {
    expect(
      await left({
        snapshots: [
          snapshot({ description: named(dead) }),
          snapshot({ name: `snapshot for ${named(dead)}` }),
          snapshot({ name: `snapshot for ${named(living)}` }),
          snapshot({ name: 'snapshot for openstack-backup temporary' }),
        ],
        images: [
          image({ name: named(dead), status: 'active' }),
          image({ name: 'web', properties: { openstack_backup_temporary: named(dead) } }),
          image({ name: named(living) }),
          image({ name: `a copy of ${named(dead)}` }),
        ],
        secrets: [
          secret({ name: named(dead) }),
          secret({ name: 'openstack-backup temporary' }),
          secret({ name: 'db', metadata: { 'openstack-backup-temporary': named(dead) } }),
          secret({ name: 'db', metadata: { 'openstack-backup-temporary': named(living) } }),
          secret({ name: 'db', metadata: { note: named(dead) } }),
        ],
      }),
    ).toEqual([
      'image delete',
      'image delete',
      'snapshot delete',
      'snapshot delete',
      'secret delete',
      'secret delete',
    ]);
  });

  test('a server that was being made, in whatever status, before the volumes that it holds', async () => {
    const record = { openstack_backup_temporary: named(dead) };
    expect(
      await left({
        volumes: [making(dead, 'in-use')],
        servers: [
          server({ status: 'BUILD', metadata: record }),
          server({ status: 'ACTIVE', metadata: record }),
          server({ metadata: { openstack_backup_temporary: named(living) } }),
          server({ metadata: { note: `a copy of ${named(dead)}` } }),
        ],
      }),
    ).toEqual(['server delete', 'server delete', 'volume delete']);
  });

  test('what its run finished and left before it was found dead is nobody’s to remove', async () => {
    const [made, kept] = [making(dead, 'available'), making(dead, 'available')];
    const [whole, recorded] = [started(dead, 'available'), started(dead, 'available')];
    const listed = { ...none, volumes: [made, kept], backups: [whole, recorded] };
    const found = await findLeftovers(listed, liveness, NOW);
    expect(found).toHaveLength(4);
    const later = {
      ...listed,
      volumes: [{ ...made, description: '' }, kept],
      backups: [
        whole,
        { ...recorded, metadata: { ...recorded.metadata, 'openstack-backup:state': 'recorded' } },
      ],
    };
    const ids = stillLeft(found, later).map((left) => (left.action === 'adopt' ? left.backup.id : left.id));
    expect(ids.sort()).toEqual([kept.id, whole.id].sort());
  });

  test('a record is at most as long as a name that Nova puts words before', () => {
    const long = `github:${'o'.repeat(39)}/${'r'.repeat(100)}:99999999999:99`;
    expect(`snapshot for ${named(long)}`.length).toBeLessThanOrEqual(255);
    expect(readTemporary({ name: named(dead) })?.owner).toBe(dead);
  });

  test('what a living run works on, what is recorded, what is not ours: untouched, whatever it is called', async () => {
    const recorded = backup({ metadata: writeTags(tags({ owner: dead, state: 'recorded' })) });
    const foreign = backup({ name: 'db 2026-11-23T00:00:00Z', status: 'error' });
    const users = volume({ name: 'restored', metadata: { owner: dead } });
    expect(
      await actions([started(living, 'error'), recorded, foreign], [making(living, 'available'), users]),
    ).toEqual([]);
  });

  test('an owner is asked about once', async () => {
    let asked = 0;
    const count = async (): Promise<Liveness> => {
      asked += 1;
      return 'ended';
    };
    const backups = [started(dead, 'error'), started(dead, 'error')];
    await findLeftovers({ ...none, backups, volumes: [making(dead, 'error')] }, count, NOW);
    expect(asked).toBe(1);
  });

  test('an owner that cannot be read counts by its expiry', async () => {
    expect(await actions([started('gibberish', 'error')], [])).toEqual(['backup delete']);
  });
});
