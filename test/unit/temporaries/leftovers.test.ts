import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { writeTags } from '../../../src/chain/tags.ts';
import { startOf, thisProcess } from '../../../src/host/terminal/process.ts';
import {
  formatOwner,
  isAbandoned,
  type Liveness,
  livenessOfProcess,
  type ProcessOwner,
  parseOwner,
} from '../../../src/ports/owner.ts';
import type { Holdings, Looked } from '../../../src/temporaries/holdings.ts';
import { findLeftovers, type Leftover } from '../../../src/temporaries/leftovers.ts';
import {
  expiresAt,
  LONGEST_RECORD,
  parseTemporary,
  readTemporary,
  type TemporaryRecord,
} from '../../../src/temporaries/tags.ts';
import { toldOf } from '../../../src/temporaries/tell.ts';
import { notBegunName, unfinishedName } from '../../../src/temporaries/unfinished-name.ts';
import {
  backup,
  image,
  LONGEST_OWNER,
  record,
  secret,
  snapshot,
  tags,
  volume,
} from '../../support/records.ts';
import { port, server } from '../../support/server-records.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const [PAST, FUTURE] = [NOW - 1, NOW + 1];

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
    ['a boot before, or another machine with the same id and name', { boot: 'x' }, undefined, 'unknown'],
    ['a container beside', { namespace: 'x' }, '77', 'unknown'],
    ['another machine', { machine: 'x', boot: 'x' }, '77', 'unknown'],
    ['a system without /proc', { start: '0' }, undefined, 'unknown'],
  ])('%s', (_what, change, start, expected) => {
    expect(livenessOfProcess({ ...here, ...change }, here, () => start)).toBe(expected);
  });

  test.each<Partial<ProcessOwner>>([{ boot: 'unknown' }, { namespace: 'none' }])(
    'on machines that tell no %j, nobody is called dead',
    (hidden) => {
      const same = { ...here, ...hidden };
      expect(livenessOfProcess(same, same, () => undefined)).toBe('unknown');
    },
  );

  test('that runs on another machine lives, though neither has an id and both have one name', () => {
    // What two slim containers, or two clones of one image, say of themselves.
    const on = (boot: string): ProcessOwner => ({ ...here, machine: 'e3b0c44298fc1c14', boot });
    expect(livenessOfProcess(on('a'), on('b'), () => undefined)).toBe('unknown');
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

  test.each<[Liveness, number, boolean]>([
    ['ended', FUTURE, true],
    ['alive', PAST, false],
    ['unknown', PAST, true],
    ['unknown', FUTURE, false],
    ['unknown', NOW, false],
    ['unknown', Number.NaN, false],
  ])('%s until %s: abandoned is %s', (liveness, expires, expected) => {
    expect(isAbandoned(liveness, expires, NOW)).toBe(expected);
  });
});

const dead = 'github:o/r:1:1';
const living = 'github:o/r:2:1';
const hidden = 'host:m:b:n:1:1';
const liveness = async (owner: { kind: string; run?: string }): Promise<Liveness> =>
  owner.run === undefined ? 'unknown' : owner.run === '1' ? 'ended' : 'alive';
const none: Holdings = { backups: [], volumes: [], snapshots: [], images: [], secrets: [], servers: [] };
const MADE = Date.parse('2026-11-01T00:00:00.000Z');

const leftIn = (holdings: Partial<Looked>, now = NOW) =>
  findLeftovers({ ...none, ...holdings }, liveness, now);
const actionsOf = async (holdings: Partial<Looked>, now = NOW) =>
  (await leftIn(holdings, now)).map(({ kind, action }) => `${kind} ${action}`);

type Bound = Partial<Omit<TemporaryRecord, 'id'>>;
const result: Bound = { purpose: 'result' };
const volumeWith = (fields: Partial<Holdings['volumes'][number]>, bound: Bound = {}) => {
  const id = randomUUID();
  return volume({ id, description: record({ id, ...bound }), ...fields });
};
const imageWith = (fields: Partial<Holdings['images'][number]>, bound: Bound = {}) => {
  const id = randomUUID();
  const { properties, ...others } = fields;
  return image({
    id,
    properties: { openstack_backup_temporary: record({ id, ...bound }), ...properties },
    ...others,
  });
};
const serverWith = (fields: Partial<Holdings['servers'][number]>, bound: Bound = result) => {
  const id = randomUUID();
  return server({ id, metadata: { openstack_backup_temporary: record({ id, ...bound }) }, ...fields });
};
const secretWith = (fields: Partial<Holdings['secrets'][number]>, bound: Bound = result) => {
  const id = randomUUID();
  return secret({ id, metadata: { 'openstack-backup-temporary': record({ id, ...bound }) }, ...fields });
};

describe('a record', () => {
  test('comes back as it was written, to the second and the minute', () => {
    for (const purpose of ['scratch', 'result'] as const)
      for (const id of [undefined, randomUUID(), 'no-uuid']) {
        const written = { purpose, tag: 'abcdefghijk', id, made: MADE, expires: MADE + 60_000, owner: dead };
        expect(parseTemporary(record(written))).toEqual(written);
      }
  });

  test('never ends before it should, and never at once', () => {
    const expires = expiresAt(MADE + 999, 1000);
    const written = parseTemporary(record({ made: MADE + 999, expires }));
    expect(written?.expires).toBeGreaterThanOrEqual(expires);
    expect((written?.expires ?? 0) - MADE).toBeGreaterThan(33 * 3_600_000);
    expect(parseTemporary(record({ expires: expiresAt(MADE, 0) }))?.expires).toBeGreaterThan(
      MADE + 3_600_000,
    );
  });

  test('fits into a name that Nova puts words before, whoever makes it and however long it takes', () => {
    const expires = expiresAt(MADE, 16_000);
    const text = record({ id: randomUUID(), owner: LONGEST_OWNER, expires });
    expect(`snapshot for ${text}`.length).toBeLessThanOrEqual(255);
    expect(readTemporary({ id: 'x', name: record({ owner: LONGEST_OWNER, expires }) })?.owner).toBe(
      LONGEST_OWNER,
    );
  });

  test('that does not fit is never cut', () => {
    expect(() => record({ owner: 'o'.repeat(LONGEST_RECORD) })).toThrow(/does not fit/);
  });

  test('counts on the thing that it names, wherever copies of others stand', () => {
    const id = randomUUID();
    const [own, other, unbound] = [record({ id }), record({ id: randomUUID() }), record()];
    expect(readTemporary({ id, description: other, name: own })?.id).toBe(id);
    expect(readTemporary({ id, name: unbound, description: own })?.id).toBe(id);
    expect(readTemporary({ id, name: unbound, description: other })).toMatchObject({ id: undefined });
    expect(readTemporary({ id, name: other, description: other })).toBeUndefined();
    expect(readTemporary({ id, name: `a copy of ${own}` })).toBeUndefined();
  });
});

describe('what a dead run left', () => {
  const started = (owner: string, status: string, more: Partial<Parameters<typeof tags>[0]> = {}) => {
    const id = randomUUID();
    const made = tags({ owner, backup: id, state: 'started', expires: '2026-11-02T00:00:00.000Z', ...more });
    return backup({ id, status, metadata: writeTags(made) });
  };

  test('a whole backup is taken up, a failed one deleted, one under way left alone', async () => {
    const statuses = ['available', 'error', 'creating', 'error_deleting', 'restoring'];
    expect(await actionsOf({ backups: statuses.map((status) => started(dead, status)) })).toEqual([
      'backup adopt',
      'backup delete',
      'backup wait',
      'backup delete',
      'backup wait',
    ]);
  });

  test('what was left to the cloud is recorded whoever lives, and deleted only if it failed and its maker is dead', async () => {
    const statuses = ['available', 'error', 'creating', 'error_deleting', 'restoring'];
    const of = (owner: string) =>
      leftIn({ backups: statuses.map((status) => started(owner, status, { handedOver: true })) }, MADE);
    for (const [owner, isDead] of [
      [dead, true],
      [living, false],
      [hidden, false],
    ] as const)
      expect(await of(owner)).toEqual([
        expect.objectContaining({ action: 'adopt' }),
        expect.objectContaining({ action: 'failed', removable: isDead }),
        expect.objectContaining({ action: 'wait', handedOver: true }),
        expect.objectContaining({ action: isDead ? 'delete' : 'wait' }),
        expect.objectContaining({ action: 'wait', handedOver: true }),
      ]);
  });

  test('what was left to the cloud names no backup: a copy of its tags makes both nobody’s', async () => {
    const left = started(living, 'available', { handedOver: true, backup: undefined });
    expect(await actionsOf({ backups: [left] })).toEqual(['backup adopt']);
    const copy = backup({ status: 'error', metadata: left.metadata });
    expect(await actionsOf({ backups: [left, copy] })).toEqual(['backup doubt']);
  });

  test('tags that were copied from another backup are nobody’s; of those that name none yet only the first counts', async () => {
    const original = started(dead, 'available');
    const copy = backup({ status: 'error', metadata: original.metadata });
    expect(await actionsOf({ backups: [original, copy] })).toEqual(['backup adopt']);
    const unbound = started(dead, 'error', { backup: undefined });
    expect(await actionsOf({ backups: [unbound] })).toEqual(['backup delete']);
    const copied = backup({ status: 'error', metadata: unbound.metadata });
    expect(await actionsOf({ backups: [unbound, copied] })).toEqual([]);
    expect(await actionsOf({ backups: [{ ...unbound, createdAt: '2026-11-01T01:00:00.000Z' }] })).toEqual([]);
  });

  test.each([
    ['error', [], 'delete'],
    ['error_restoring', [], 'delete'],
    ['creating', [], 'wait'],
    ['restoring-backup', [], 'wait'],
    ['available', [], 'tell'],
    ['in-use', [{ serverId: 's', device: '/dev/vdb' }], 'tell'],
    ['error', [{ serverId: 's', device: '/dev/vdb' }], 'tell'],
    ['reserved', [], 'tell'],
    ['a status of tomorrow', [], 'tell'],
  ])('a restored volume that is %s with %j: %s', async (status, attachments, action) => {
    expect(await actionsOf({ volumes: [volumeWith({ status, attachments }, result)] })).toEqual([
      `volume ${action}`,
    ]);
  });

  test.each([
    ['queued', 'delete'],
    ['saving', 'delete'],
    ['importing', 'wait'],
    ['active', 'tell'],
    ['deactivated', 'tell'],
  ])('a restored image that is %s: %s', async (status, action) => {
    expect(await actionsOf({ images: [imageWith({ status }, result)] })).toEqual([`image ${action}`]);
  });

  test.each([
    ['BUILD', false, 'wait'],
    ['ERROR', false, 'delete'],
    ['ERROR', true, 'tell'],
    ['ACTIVE', true, 'tell'],
    ['SHUTOFF', true, 'tell'],
  ])('a restored server that is %s, and ever ran is %s: %s', async (status, launched, action) => {
    expect(await actionsOf({ servers: [serverWith({ status, launched })] })).toEqual([`server ${action}`]);
  });

  test('a server that failed and would take a whole volume along is kept', async () => {
    const [whole, empty] = [volume({ status: 'in-use' }), volume({ status: 'error' })];
    const holding = (id: string, deleteOnTermination: boolean) =>
      serverWith({ status: 'ERROR', launched: false, volumes: [{ id, deleteOnTermination }] });
    const servers = [holding(whole.id, true), holding(whole.id, false), holding(empty.id, true)];
    expect(await actionsOf({ servers, volumes: [whole, empty] })).toEqual([
      'server tell',
      'server delete',
      'server delete',
    ]);
  });

  test('a restored key without its bytes goes, one that has them is told', async () => {
    const secrets = [
      secretWith({ contentTypes: {} }),
      secretWith({}),
      secretWith({}, { purpose: 'scratch' }),
    ];
    expect(await actionsOf({ secrets })).toEqual(['secret delete', 'secret tell', 'secret delete']);
  });

  test('what was made only to get at data goes when it is whole, too, but not what somebody uses', async () => {
    const id = randomUUID();
    expect(
      await actionsOf({
        images: [imageWith({ status: 'active' })],
        volumes: [
          volumeWith({ status: 'available' }),
          volumeWith({ status: 'in-use' }),
          volumeWith({ status: 'uploading' }),
        ],
        snapshots: [snapshot({ id, description: record({ id }) })],
      }),
    ).toEqual(['image delete', 'volume delete', 'volume tell', 'volume tell', 'snapshot delete']);
  });

  describe('of a drill that booted a server', () => {
    const drilled = (bound: boolean, status = 'ACTIVE') => {
      const disk = randomUUID();
      const id = randomUUID();
      const mine = bound ? { id } : {};
      const text = record({ ...mine, purpose: 'scratch' });
      const volumes = [{ id: disk, deleteOnTermination: false }];
      return {
        id,
        disk,
        one: server({ id, status, volumes, metadata: { openstack_backup_temporary: text } }),
      };
    };
    const diskOf = (disk: string, serverId: string) =>
      volume({
        id: disk,
        status: 'in-use',
        description: record({ id: disk }),
        attachments: [{ serverId, device: '/dev/vda' }],
      });
    const portOf = (deviceId: string) => {
      const id = randomUUID();
      return port({ id, deviceId, description: record({ id }) });
    };

    test.each([true, false])(
      'all goes, whether its record names it (%s) or its disk proves it',
      async (bound) => {
        const { id, disk, one } = drilled(bound);
        const group = randomUUID();
        const securityGroup = {
          id: group,
          name: 'openstack-backup drill',
          description: record({ id: group }),
          rules: [],
          createdAt: '',
        };
        expect(
          await actionsOf({
            servers: [one],
            volumes: [diskOf(disk, id)],
            ports: [portOf(id)],
            securityGroups: [securityGroup],
          }),
        ).toEqual(['server delete', 'volume delete', 'port delete', 'security group delete']);
      },
    );

    test('goes while Nova makes it, too', async () => {
      const { id, disk, one } = drilled(true, 'BUILD');
      const reserved = { ...diskOf(disk, id), status: 'reserved', attachments: [] };
      expect(await actionsOf({ servers: [one], volumes: [reserved] })).toEqual([
        'server delete',
        'volume delete',
      ]);
    });

    test('what another server uses is kept: a disk, a port, and a server that nothing proves', async () => {
      const { one } = drilled(false);
      const other = server({ volumes: [] });
      expect(
        await actionsOf({
          servers: [{ ...one, volumes: [] }, other],
          volumes: [diskOf(randomUUID(), other.id)],
          ports: [portOf(other.id)],
        }),
      ).toEqual(['server tell', 'volume tell', 'port tell']);
    });
  });

  test('copies of a record are nobody’s, wherever the cloud put them', async () => {
    const original = imageWith({ status: 'active' });
    const { openstack_backup_temporary: text = '' } = original.properties;
    expect(
      await leftIn({
        images: [original, image({ name: text }), image({ name: 'mine', properties: original.properties })],
        volumes: [volume({ description: text }), volume({ name: text, status: 'error' })],
        snapshots: [snapshot({ name: `snapshot for ${text}` }), snapshot({ description: text })],
        servers: [server({ status: 'ERROR', launched: false, metadata: original.properties })],
        secrets: [secret({ contentTypes: {}, metadata: { 'openstack-backup-temporary': text } })],
      }),
    ).toMatchObject([{ id: original.id, action: 'delete' }]);
  });

  describe('whose record names nothing yet', () => {
    const text = record(result);
    test('goes where all says that it is the first and not done', async () => {
      expect(await actionsOf({ volumes: [volume({ status: 'error', description: text })] })).toEqual([
        'volume delete',
      ]);
    });

    test.each<[string, Partial<Looked>]>([
      ['it is whole', { volumes: [volume({ description: text })] }],
      [
        'it was made later',
        { volumes: [volume({ status: 'error', description: text, createdAt: '2026-11-01T00:20:00.000Z' })] },
      ],
      [
        'it was made before',
        { volumes: [volume({ status: 'error', description: text, createdAt: '2026-10-31T23:50:00.000Z' })] },
      ],
      ['it is whole, though scratch', { images: [image({ name: record() })] }],
    ])('is told where %s', async (_, holdings) => {
      expect(await leftIn(holdings)).toMatchObject([{ action: 'tell' }]);
    });

    test('is told where another one bears the same tag, in whatever place', async () => {
      const tag = 'abcdefghijk';
      const bound = volumeWith({ status: 'error' }, { ...result, tag });
      const copy = volume({ status: 'error', description: record({ ...result, tag }) });
      expect(await leftIn({ volumes: [bound, copy] })).toMatchObject([
        { id: bound.id, action: 'delete' },
        { id: copy.id, action: 'tell', because: 'doubt' },
      ]);
      const others = [copy, volume({ status: 'error', name: copy.description })];
      expect(await actionsOf({ volumes: others })).toEqual(['volume tell', 'volume tell']);
    });

    test('Nova’s snapshots go with the image that names them, and only with that', async () => {
      const taken = ['a', 'b'].map(() =>
        snapshot({ name: `snapshot for ${record({ tag: 'abcdefghijk' })}` }),
      );
      const mapping = JSON.stringify([{ snapshot_id: taken[0]?.id }]);
      const made = imageWith({ properties: { block_device_mapping: mapping } }, { tag: 'abcdefghijk' });
      expect(await actionsOf({ images: [made], snapshots: taken })).toEqual([
        'image delete',
        'snapshot delete',
        'snapshot tell',
      ]);
      const other = imageWith({ properties: { block_device_mapping: mapping } }, { tag: 'kjihgfedcba' });
      expect(await actionsOf({ images: [other], snapshots: taken })).toEqual([
        'image delete',
        'snapshot tell',
        'snapshot tell',
      ]);
    });
  });

  test('what a living run works on, what is recorded, what is not ours: untouched, whatever it is called', async () => {
    const recorded = started(dead, 'error', { state: 'recorded' });
    const foreign = backup({ name: 'db 2026-11-23T00:00:00Z', status: 'error' });
    const users = volume({ name: 'restored', status: 'error', metadata: { owner: dead } });
    const named = volume({ status: 'error', name: 'openstack-backup temporary' });
    expect(
      await actionsOf({
        backups: [started(living, 'error'), recorded, foreign],
        volumes: [volumeWith({ status: 'error' }, { owner: living }), users, named],
      }),
    ).toEqual([]);
  });

  test('with one dead run, the things of the living ones beside it stay', async () => {
    const [gone, stays] = [
      volumeWith({ status: 'error' }),
      volumeWith({ status: 'error' }, { owner: living }),
    ];
    expect(await leftIn({ volumes: [gone, stays] })).toMatchObject([{ id: gone.id }]);
  });

  test.each(['gibberish', hidden])(
    'an owner that nobody can see, %s, counts by its expiry',
    async (owner) => {
      const volumes = [volumeWith({ status: 'error' }, { owner, expires: NOW + 60_000 })];
      expect(await actionsOf({ volumes })).toEqual([]);
      expect(await actionsOf({ volumes }, NOW + 120_000)).toEqual(['volume delete']);
      const backups = [started(owner, 'error', { expires: new Date(NOW + 60_000).toISOString() })];
      expect(await actionsOf({ backups })).toEqual([]);
      expect(await actionsOf({ backups }, NOW + 120_000)).toEqual(['backup delete']);
    },
  );

  test('an owner is asked about once', async () => {
    let asked = 0;
    const count = async (): Promise<Liveness> => {
      asked += 1;
      return 'ended';
    };
    const backups = [started(dead, 'error'), started(dead, 'error')];
    await findLeftovers({ ...none, backups, volumes: [volumeWith({ status: 'error' })] }, count, NOW);
    expect(asked).toBe(1);
  });

  test('what is kept is told with the words that take it over or remove it', async () => {
    const named = { name: "o'db (restore not finished)", status: 'available' };
    const found = await leftIn({
      volumes: [volumeWith(named, result)],
      images: [imageWith({ name: 'web (restore not finished)' }, result)],
      servers: [serverWith({ name: 'web' })],
    });
    const told = found.flatMap((left: Leftover) => (left.action === 'tell' ? [toldOf(left)] : []));
    const [serverText, imageText, volumeText] = told;
    expect(volumeText).toContain(
      `has all its data: it is kept. Adopt it with: openstack volume set --name='o'\\''db' --description ' ' `,
    );
    expect(volumeText).toContain('; or, if nobody needs it, remove it with: openstack volume delete ');
    expect(imageText).toContain('openstack image unset --property openstack_backup_temporary ');
    expect(imageText).toContain('openstack image set --name=web ');
    expect(serverText).toContain('openstack server unset --property openstack_backup_temporary ');
  });

  test('a volume that nothing was restored to yet is told as empty, and nobody is to take it over', async () => {
    for (const name of [notBegunName('db'), notBegunName('').trimStart()]) {
      const found = await leftIn({ volumes: [volumeWith({ name, status: 'available' }, result)] });
      const told = found.flatMap((left: Leftover) => (left.action === 'tell' ? [toldOf(left)] : []));
      expect(told).toEqual([
        expect.stringContaining(
          'ended before restoring to it, and is empty: it is kept. If nobody needs it, ',
        ),
      ]);
      expect(told[0]).not.toMatch(/Adopt it|all its data/);
    }
  });

  test.each([
    ['volume', unfinishedName('-rf'), 'openstack volume set --name=-rf --'],
    ['image', unfinishedName('-rf'), '&& openstack image set --name=-rf '],
    ['volume', '(restore not finished)', "openstack volume set --name=' ' --description ' ' "],
    ['volume', unfinishedName(''), "openstack volume set --name=' ' --description ' ' "],
    ['image', unfinishedName(''), "&& openstack image set --name=' ' "],
  ])(
    'a %s called %j gets back the name that it had, which is no option of the client',
    async (kind, name, command) => {
      const left =
        kind === 'volume'
          ? { volumes: [volumeWith({ name, status: 'available' }, result)] }
          : { images: [imageWith({ name }, result)] };
      const told = (await leftIn(left)).flatMap((one) => (one.action === 'tell' ? [toldOf(one)] : []));
      expect(told).toEqual([expect.stringContaining(command)]);
    },
  );
});
