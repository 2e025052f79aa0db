import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type FakeS3, startS3 } from '../fakes/s3/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { type Keeper, makeKeeper } from '../scenarios/sealed.ts';
import { expectExit, manifestOf } from '../scenarios/steps.ts';
import { FILES, fileSystems } from '../support/file-systems.ts';
import { describeWith, testWith } from '../support/installed.ts';
import { NbdClient } from '../support/nbd-client.ts';
import { type Served, served } from '../support/served.ts';
import { waitFor } from '../support/wait.ts';

const S3_KEYS = {
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
let world: EmbeddedWorld;
let keeper: Keeper;
let s3: FakeS3;
/** Plain bytes of each volume as they were. */
const disks = new Map<string, Buffer>();
let manifest: string;
let manifestInS3: string;
/** The sockets' own directory: a socket's path is short. */
let sockets: string;

const program = promisify(execFile);
const read = async (name: string, ...words: string[]) =>
  (
    await program(name, words, {
      maxBuffer: 1 << 28,
      encoding: 'buffer',
      env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
    })
  ).stdout;

const isRoot = process.getuid?.() === 0;
const NEEDS = ['nbdinfo', 'nbdcopy', 'qemu-img', 'qemu-io', 'mke2fs', 'mkfs.xfs', 'debugfs'];

const chosen = (volume: string) => [
  '--manifest',
  manifest,
  '--allow-unsigned',
  '--identity',
  'env:IDENTITY',
  '--volume',
  volume,
];

async function serveOne(volume: string, ...more: string[]): Promise<Served> {
  return served(
    world,
    [...chosen(volume), '--socket', join(sockets, volume), '--json', ...more],
    keeper.environment,
  );
}

describeWith(...NEEDS)('serve', () => {
  beforeAll(async () => {
    world = await embeddedWorld({ tickMs: 2, gibBytes: 48 << 20 });
    keeper = await makeKeeper();
    s3 = await startS3('backups', [{ id: S3_KEYS.AWS_ACCESS_KEY_ID, secret: S3_KEYS.AWS_SECRET_ACCESS_KEY }]);
    sockets = await mkdtemp(join(tmpdir(), 'served-'));
    const { ext4, xfs } = fileSystems();
    const volumes: [string, 'luks' | undefined, Buffer][] = [
      ['ext4', undefined, ext4],
      ['xfs', undefined, xfs],
      ['ext4-locked', 'luks', ext4],
      ['xfs-locked', 'luks', xfs],
      ['parted', undefined, Buffer.concat([partitionTable(ext4.length), ext4])],
    ];
    for (const [name, type, content] of volumes) {
      await world.makeVolume({ name, content, ...(type !== undefined && { type }) });
      disks.set(name, content);
    }
    const saving = ['backup-volume', '--volumes', 'all', '--method', 'image', '--json'];
    manifest = manifestOf(
      expectExit(
        await world.tool([
          ...saving,
          ...['--recipients', keeper.recipient, '--store', 'directory:openstack-backups/payloads'],
        ]),
        0,
      ),
    );
    const clear = ['backup-volume', '--volumes', 'name:ext4', '--method', 'image', '--json'];
    manifestInS3 = manifestOf(
      expectExit(
        await world.tool([...clear, '--store', 's3://backups/clear', '--s3-endpoint', s3.url], {
          environment: S3_KEYS,
        }),
        0,
      ),
    );
  }, 300_000);
  afterAll(async () => {
    await s3[Symbol.asyncDispose]();
    await world.close();
    await rm(sockets, { recursive: true });
  });

  test.each(['ext4', 'xfs', 'ext4-locked', 'xfs-locked'])(
    'gives real programs the bytes of %s, whatever they ask for',
    async (volume) => {
      const disk = disks.get(volume) ?? Buffer.alloc(0);
      const locked = volume.endsWith('-locked');
      await using serving = await serveOne(volume, ...(locked ? ['--unlock'] : []));
      const { uri } = serving;
      expect(statSync(join(sockets, volume)).mode & 0o777).toBe(0o600);
      const { exports } = JSON.parse((await read('nbdinfo', '--json', uri)).toString());
      expect(exports).toEqual([
        expect.objectContaining({
          is_read_only: true,
          can_multi_conn: true,
          block_size_preferred: 65_536,
          description: expect.stringContaining(`volume "${volume}"`),
        }),
      ]);
      expect(exports[0]['export-size']).toBeGreaterThanOrEqual(disk.length);

      const to = join(world.directory, 'converted');
      await read('qemu-img', 'convert', '-f', 'raw', '-O', 'raw', uri, to);
      expect((await readFile(to)).subarray(0, disk.length).equals(disk)).toBe(true);
      expect(statSync(to).size).toBe(exports[0]['export-size']);
      await rm(to);
      await read('nbdcopy', uri, to);
      expect((await readFile(to)).subarray(0, disk.length).equals(disk)).toBe(true);
      await rm(to);
      if (!locked) {
        const map = JSON.parse((await read('nbdinfo', '--map', '--json', uri)).toString());
        for (const { offset, length, type } of map)
          if (type === 3)
            expect(
              disk
                .subarray(offset, offset + length)
                .equals(Buffer.alloc(Math.max(0, Math.min(length, disk.length - offset)))),
            ).toBe(true);
        expect(map.some(({ type }: { type: number }) => type === 3)).toBe(true);
      }
      for (const [offset, length] of [
        [1, 1],
        [511, 514],
        [65_535, 2],
        [1_234_567, 70_001],
        [0, 4097],
      ] as const)
        expect((await qemuIo(uri, offset, length)).equals(disk.subarray(offset, offset + length))).toBe(true);
      await expect(read('qemu-io', '-f', 'raw', '-c', 'write 0 512', uri)).rejects.toThrow(
        /permission denied|read-only|not permitted/i,
      );

      const ended = await serving.stop('SIGTERM');
      expect([ended.code, ended.json]).toEqual([
        0,
        expect.objectContaining({ uri, failures: 0, format: 'raw' }),
      ]);
      expect(existsSync(join(sockets, volume))).toBe(false);
      if (locked) expect(ended.json['luks']).toMatch(/^LUKS/);
    },
    120_000,
  );

  // Only root mounts without fusermount3: https://libguestfs.org/nbdfuse.1.html
  testWith('nbdfuse', isRoot ? 'umount' : 'fusermount3')(
    'one file comes back through it, and little of the disk with it',
    async () => {
      await using serving = await serveOne('ext4-locked', '--unlock');
      const mount = join(world.directory, 'mnt');
      await mkdir(mount);
      const fuse = spawn('nbdfuse', ['-r', join(mount, 'disk'), serving.uri], { stdio: 'ignore' });
      await waitFor('the disk as a file', async () => existsSync(join(mount, 'disk')));
      for (const [name, bytes] of Object.entries(FILES)) {
        const to = join(world.directory, 'found');
        await read('debugfs', '-R', `dump /${name} ${to}`, join(mount, 'disk'));
        expect((await readFile(to)).equals(bytes)).toBe(true);
      }
      await unmounted(mount, fuse);
      const ended = expectExit(await serving.stop(), 0);
      expect(ended.json['fetched']).toBeLessThan(12 << 20);
    },
  );

  test('gives an encrypted disk as it is, if nobody asks to open it', async () => {
    await using serving = await serveOne('ext4-locked');
    expect((await qemuIo(serving.uri, 0, 6)).toString('latin1')).toBe('LUKS\xba\xbe');
    expect((await serving.stop()).json).not.toHaveProperty('luks');
  });

  test('refuses what it cannot do before it serves anything', async () => {
    const words = ['serve', '--manifest', manifest, '--allow-unsigned', '--identity', 'env:IDENTITY'];
    const file = join(world.directory, 'there');
    writeFileSync(file, 'kept');
    const socket = ['--socket', join(sockets, 'no')];
    const wrong: [string[], string][] = [
      [['--volume', 'ext4'], 'give either --socket or --listen'],
      [['--volume', 'ext4', '--socket', file], 'there is something at'],
      [['--volume', 'ext4', '--socket', 'x'.repeat(200)], 'the path of the socket has'],
      ...['0.0.0.0:1', 'localhost:1', '127.0.0.1:65536'].map((listen): [string[], string] => [
        ['--volume', 'ext4', '--listen', listen],
        '--listen is',
      ]),
      [['--volume', 'ext4', '--unlock', ...socket], 'is not encrypted'],
      [['--volume', 'nobody', ...socket], 'there is no volume called'],
    ];
    for (const [more, message] of wrong) {
      const ran = await world.tool([...words, ...more], { environment: keeper.environment });
      expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining(message)]);
    }
    const dry = await world.tool([...words, '--volume', 'ext4', ...socket, '--dry-run', '--json'], {
      environment: keeper.environment,
    });
    expect(expectExit(dry, 0).json).toMatchObject({ plan: { serve: { layout: 'blocks' } } });
    expect([existsSync(join(sockets, 'no')), readFileSync(file, 'utf8')]).toEqual([false, 'kept']);
  });

  test.each([
    ['ext4', []],
    ['ext4-locked', ['--unlock']],
    ['parted', []],
    ['parted', ['--partition', '1']],
  ])('files come back from %s %p', async (volume, more) => {
    const run = (...all: string[]) =>
      world.tool(['files', ...all, ...chosen(volume), ...more], { environment: keeper.environment });
    const listed = expectExit(await run('list', '/var', '--json'), 0);
    expect(listed.json['files']).toEqual(
      ['big', 'sparse'].map((name) =>
        expect.objectContaining({ name, kind: 'file', size: FILES[`var/${name}`]?.length }),
      ),
    );
    const to = join(world.directory, `gotten-${volume}-${more.length}`);
    const got = expectExit(await run('get', 'var/big', '--to', to, '--json'), 0);
    expect((await readFile(to)).equals(FILES['var/big'] ?? Buffer.alloc(0))).toBe(true);
    expect(statSync(to).mode & 0o777).toBe(0o600);
    expect(got.json['fetched']).toBeLessThan(12 << 20);
    const again = await run('get', 'etc/hosts', '--to', to);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('never overwritten')]);
    await rm(to);
    expect(expectExit(await run('get', '/etc/hosts', '--to', '-'), 0).stdout).toBe(
      FILES['etc/hosts']?.toString(),
    );
  });

  test('files refuses what it cannot read, and says why', async () => {
    const wrong: [string[], string][] = [
      [['list', '--volume', 'xfs'], 'there is no ext2, ext3 or ext4 on the disk, but XFS'],
      [['list', '--volume', 'ext4-locked'], 'is encrypted'],
      [['list', '--volume', 'parted', '--partition', '2'], 'there is no partition 2'],
      [['get', 'etc', '--to', 'x', '--volume', 'ext4'], 'is no file, but a directory'],
      [['get', 'no', '--to', 'x', '--volume', 'ext4'], 'there is no "no" in the file system'],
    ];
    for (const [more, message] of wrong) {
      const words = [
        'files',
        ...more,
        '--manifest',
        manifest,
        '--allow-unsigned',
        '--identity',
        'env:IDENTITY',
      ];
      const ran = await world.tool(words, { environment: keeper.environment });
      expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining(message)]);
    }
  });

  test('a part of the store that cannot be read is an error of those reads alone, told once', async () => {
    const words = [
      '--manifest',
      manifestInS3,
      '--allow-unsigned',
      '--volume',
      'ext4',
      '--listen',
      '127.0.0.1:0',
    ];
    const store = ['--store', 's3://backups/clear', '--s3-endpoint', s3.url];
    await using serving = await served(world, [...words, ...store, '--json'], S3_KEYS);
    const port = Number(/:(\d+)$/.exec(serving.uri)?.[1]);
    const disk = disks.get('ext4') ?? Buffer.alloc(0);
    await using client = new NbdClient({ host: '127.0.0.1', port });
    await client.go({ structured: true });
    s3.strike = ({ key }) => (key.includes('/data/') ? { answer: 403 } : undefined);
    for (let time = 0; time < 3; time += 1) expect(await client.read(1024, 1024)).toBe(5);
    s3.strike = () => undefined;
    expect(await client.read(1024, 1024)).toEqual(disk.subarray(1024, 2048));
    const ended = await serving.stop();
    expect([ended.code, ended.json]).toEqual([130, expect.objectContaining({ failures: 3 })]);
    expect(ended.stderr.match(/a read failed: object volume-\S+\/data\/\S+ cannot be read/g)).toHaveLength(1);
  });
});

/** The first MiB of a disk with one partition behind it. */
function partitionTable(size: number): Buffer {
  const table = Buffer.alloc(1 << 20);
  table.writeUInt8(0x83, 450);
  table.writeUInt32LE(table.length / 512, 454);
  table.writeUInt32LE(size / 512, 458);
  table.writeUInt16BE(0x55aa, 510);
  return table;
}

/** Bytes as qemu-io reads them, from its dump. */
async function qemuIo(uri: string, offset: number, length: number): Promise<Buffer> {
  const text = (
    await read('qemu-io', '-r', '-f', 'raw', '-c', `read -v ${offset} ${length}`, uri)
  ).toString();
  const lines = text
    .split('\n')
    .flatMap((line) => /^[0-9a-f]{8}: {2}((?:[0-9a-f]{2} )+)/.exec(line)?.[1] ?? []);
  return Buffer.from(lines.join('').replaceAll(' ', ''), 'hex');
}

async function unmounted(mount: string, fuse: ChildProcess): Promise<void> {
  const gone = once(fuse, 'exit');
  await (isRoot ? read('umount', mount) : read('fusermount3', '-u', mount));
  await gone;
}
