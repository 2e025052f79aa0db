import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/clock.ts';
import { newIdentity, sealer } from '../src/keys/age.ts';
import { openHttp } from '../src/openstack/http.ts';
import { saveBlocks } from '../src/payload/blocks/save.ts';
import { silentLog } from '../src/ports/log.ts';
import { s3Place } from '../src/store/s3/place.ts';
import { bytes } from '../src/text/bytes.ts';
import { startVersity } from '../test/cloud/versity.ts';
import { s3Request } from '../test/fakes/s3/client.ts';
import { manifestWith, volumeImagePoint } from '../test/support/points.ts';
import { waitFor } from '../test/support/wait.ts';
import { arena } from './contest.ts';

/**
 * `npm run bench:serve`: an ext4 of 20 GiB in S3, sealed: how long until the first file is back through `serve`, and how
 * much came for it; then a large file, and all of the disk. In the end, the memory of the server. On loopback, with the
 * program as it is shipped. Wants root for FUSE, `nbdfuse`, `nbdcopy`, `debugfs`, `mke2fs`, and `npm run tools -- versitygw`.
 */
const GIB = 2 ** 30;
const SIZE = Number(process.env['BENCH_GIB'] ?? 20) * GIB;
const FILLED = Number(process.env['BENCH_FILES_GIB'] ?? 4) * GIB;
const LARGE = 64 << 20;

const directory = await mkdtemp(join(tmpdir(), 'openstack-backup-serve-'));
const at = (name: string) => join(directory, name);
const { shell } = arena(directory, { PATH: `${process.env['PATH']}:/usr/sbin`, HOME: directory }, SIZE, 1);
const print = (line: string) => process.stdout.write(`${line}\n`);

await using s3 = await startVersity();
const http = openHttp({ verify: true }, {});
try {
  await makeDisk();
  const { identity, recipient } = await newIdentity();
  const stored = await save(recipient);
  await writeFile(at('key'), identity);
  await serve(stored);
} finally {
  await shell('umount mnt 2>/dev/null || true');
  await http.close();
  await rm(directory, { recursive: true });
}

/** One small file and one large one among many. */
async function makeDisk(): Promise<void> {
  await mkdir(at('tree/etc'), { recursive: true });
  await writeFile(at('tree/etc/wanted'), randomBytes(10_000));
  await writeFile(at('tree/large'), randomBytes(LARGE));
  const many = Math.floor(FILLED / (8 << 20));
  for (let number = 0; number < many; number += 1) {
    if (number % 100 === 0) await mkdir(at(`tree/d${number / 100}`));
    // Half of it shrinks.
    const half = randomBytes(4 << 20);
    await writeFile(at(`tree/d${Math.floor(number / 100)}/f${number}`), [
      half,
      Buffer.from(half.toString('hex').slice(0, 4 << 20)),
    ]);
  }
  await shell(`truncate -s ${SIZE} disk; mke2fs -q -t ext4 -d tree disk`);
  await shell('mv tree/large large; mv tree/etc/wanted wanted; rm -r tree');
}

/** @returns bytes of the store */
async function save(recipient: string): Promise<number> {
  await s3Request(s3, 'PUT', '/bench');
  const place = s3Place({
    bucket: 'bench',
    prefix: 'p',
    endpoint: s3.endpoint,
    credentials: async () => ({ accessKeyId: s3.id, secretAccessKey: s3.secret }),
    http,
    clock: systemClock,
    log: silentLog,
    signal: () => undefined,
  });
  const point = volumeImagePoint();
  const began = performance.now();
  const { payload } = await saveBlocks(
    place,
    {
      resource: { kind: 'volume', id: point.resource.id },
      point: randomUUID(),
      taken: new Date().toISOString(),
    },
    createReadStream(at('disk'), { highWaterMark: 1 << 20 }),
    { compression: 'zstd', seal: { sealer: await sealer([recipient]), recipients: [recipient] } },
  );
  const image = { ...point.image, size: SIZE, hash: payload.digest };
  const resource = { ...point.resource, name: 'db', size: SIZE / GIB };
  const saved = { ...point, resource, image, payload };
  await writeFile(at('manifest.json'), JSON.stringify(manifestWith(saved as typeof point)));
  print(
    `saved: ${bytes(payload.size)} with ${bytes(FILLED)} of files, ${bytes(payload.kept)} in the store, ${seconds(began)}`,
  );
  return payload.kept;
}

async function serve(stored: number): Promise<void> {
  const began = performance.now();
  const words = [
    'serve',
    '--manifest',
    at('manifest.json'),
    '--allow-unsigned',
    '--volume',
    'db',
    '--socket',
    at('s'),
  ];
  const store = ['--store', 's3://bench/p', '--s3-endpoint', s3.endpoint, '--identity', `file:${at('key')}`];
  const server = spawn(
    process.execPath,
    [join(import.meta.dirname, '../dist/cli.js'), ...words, ...store, '--json'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, AWS_ACCESS_KEY_ID: s3.id, AWS_SECRET_ACCESS_KEY: s3.secret },
    },
  );
  const told: Buffer[] = [];
  server.stdout.on('data', (piece: Buffer) => told.push(piece));
  const ended = new Promise((resolve) => server.on('close', resolve));
  const memory = async () => {
    const text = await readFile(`/proc/${server.pid}/status`, 'utf8');
    return bytes(1024 * Number(/VmHWM:\s+(\d+)/.exec(text)?.[1]));
  };
  await waitFor('the socket', async () => existsSync(at('s')));
  print(`ready after ${seconds(began)}`);
  await mkdir(at('mnt'));
  const uri = `nbd+unix:///?socket=${at('s')}`;
  spawn('nbdfuse', ['-r', at('mnt/disk'), uri], { stdio: 'ignore' });
  await waitFor('the disk as a file', async () => existsSync(at('mnt/disk')));
  await back('etc/wanted', 'wanted');
  print(`first file: ${seconds(began)} after the start, memory ${await memory()}`);
  const large = performance.now();
  await back('large', 'large');
  print(`a file of ${bytes(LARGE)}: ${seconds(large)}, memory ${await memory()}`);
  if (process.env['BENCH_WHOLE'] !== undefined) {
    const whole = performance.now();
    await shell(`nbdcopy '${uri}' null:`);
    print(`all of the disk: ${seconds(whole)}, memory ${await memory()}`);
  }
  await shell('umount mnt');
  server.kill('SIGINT');
  await ended;
  const { fetched } = JSON.parse(Buffer.concat(told).toString());
  print(`fetched ${bytes(fetched)} of ${bytes(stored)} in the store, of a disk of ${bytes(SIZE)}`);
}

/** One file through debugfs, compared. */
async function back(path: string, original: string): Promise<void> {
  await shell(`debugfs -R 'dump /${path} found' mnt/disk 2>/dev/null; cmp found ${original}; rm found`);
}

function seconds(began: number): string {
  return `${((performance.now() - began) / 1000).toFixed(1)} s`;
}
